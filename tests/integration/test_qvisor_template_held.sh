#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A template that a newer one has replaced stays as long as phones are of it: when its daemon ends and starts again, and when another daemon
# that has the same template folder lets go of its own.
# shellcheck source=tests/integration/qvisor_lib.sh
source "$(dirname "$0")/qvisor_lib.sh"
there() { (cd "$templates" && echo tiny-*) 2>/dev/null; }
count() { there | wc -w; }

start_qvisord
build_template "$tiny/manifest.json"
first=$(there)
api POST /v1/phones '{"template":"tiny"}'
check 'a clone' "$code" 201
phone=$(field .uuid)
wait_for 30 "/v1/phones/$phone" '.agent.ready and .agent.identity'
api POST "/v1/phones/$phone/suspend"
check 'is suspended' "$code" 200
build_template "$(tiny_manifest other '.ready.settle_s = 1')"
check 'its template has a successor' "$(count)" 2
end_qvisord TERM
check 'the daemon ends, and both are there' "$(count)" 2

# --- another daemon, of another state folder ---
state=$work/others
start_qvisord
api POST /v1/phones '{"template":"tiny"}'
check "another daemon's clone" "$code" 201
other=$(field .uuid)
second=$(there | tr ' ' '\n' | grep -vxF "$first")
check 'each has left its name' "$(readlink "$templates/$first"/holder-* "$templates/$second"/holder-* | xargs)" "$work/phones $work/others"
api DELETE /v1/templates/tiny
check 'it deletes neither' "$code $(field .detail)" '409 *phones use the template*'
api DELETE "/v1/phones/$other"
check 'it destroys its clone' "$code" 204
check_soon 'and has no name there any more' '' find "$templates/$second" -name 'holder-*'
api DELETE /v1/templates/tiny
check "the first one's phone keeps it from both" "$code $(field .detail)" "409 *$work/phones*"
check 'they are there' "$(count)" 2
end_qvisord TERM

# --- the first one again ---
state=$work/phones
start_qvisord
api POST "/v1/phones/$phone/start"
check 'its phone goes on where it was' "$code $(field .state)" '200 running'
api DELETE "/v1/phones/$phone"
check 'it is destroyed' "$code" 204
check_soon 'and its template goes with it' "$second" there
api DELETE /v1/templates/tiny
check 'then the other one may' "$code $(there)" '204 tiny-\*'
finish
