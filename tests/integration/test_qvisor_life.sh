#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A phone's life: template, clone, list, stop, start, destroy; who each clone is; wrong requests.
# shellcheck source=tests/integration/qvisor_lib.sh
source "$(dirname "$0")/qvisor_lib.sh"
start_qvisord

api GET /v1/host
check 'the host says which accelerator and why' "$(field .accelerator.reason)" '*kvm*'
api GET /v1/openapi.yaml
check 'the API describes itself' "$code ${body:0:7}" '200 openapi'

# --- template ---
truncate -s 16M "$work/disk.raw"
with_disk=$(tiny_manifest with-disk ".image.disk = \"$work/disk.raw\" | .name = \"diskful\"")
build_template "$tiny/manifest.json"
check 'a template is built' "$(field .state)" succeeded
check 'it says how long it booted' "$(field '.result.cold_boot_s > 0.1')" true
build_template "$tiny/manifest.json"
check 'the same again is there at once' "$(field .state)" succeeded
build_template "$with_disk"
check 'a template with a disk is built' "$(field .state)" succeeded
check 'nothing but templates is there' "$(ls -I accelerator.json "$templates" | xargs)" 'diskful-* tiny-*'
check 'its files cannot be written' "$(stat -c %a "$templates"/tiny-*/memory)" 444
api GET /v1/templates
check 'both are listed' "$(field '[.templates[].name] | sort | join(" ")')" 'diskful tiny'

# --- clone ---
api POST /v1/phones '{"template":"tiny"}' -H 'Idempotency-Key: one'
check 'a phone is cloned' "$code $(field .state)" '201 running'
first=$(field .uuid) first_mac=$(field .mac) first_name=$(field .name)
echo "     clone_ms=$(field .clone_ms)"
api POST /v1/phones '{"template":"tiny"}' -H 'Idempotency-Key: one'
check 'the same key gives the same phone' "$code $(field .uuid)" "201 $first"
api POST /v1/phones '{"template":"tiny","name":"x"}' -H 'Idempotency-Key: one'
check 'the key of another request is refused' "$code" 409
second=6f1ee37c-0000-4000-8000-00000000beef
api POST /v1/phones "{\"template\":\"tiny\",\"uuid\":\"$second\",\"name\":\"second\"}"
check 'a phone of a given uuid and name' "$code $(field .uuid) $(field .name)" "201 $second second"
check 'each has its own MAC' "$([ "$(field .mac)" != "$first_mac" ] && echo differs)" differs
check 'it is locally administered and unicast' "$(field .mac)" '02:*'
api GET '/v1/phones?state=running'
check 'both run' "$(field '.phones | length')" 2

# --- who they are ---
for uuid in "$first" "$second"; do
	wait_for 20 "/v1/phones/$uuid" '.agent.identity'
	check "$uuid has been told who it is, and its agent is ready" "$(field .agent.ready)" true
done
probe=$QVMI_BIN/qvmi-display-probe
picture() { "$probe" "$work/display.sock" "$1"; }
for uuid in "$first" "$second"; do named "$uuid"; done
a=$(picture "$first") b=$(picture "$second")
check 'the screen is handed out' "$a" '360 720 *'
check 'each draws its own name' "$([ "$a" != "$b" ] && echo differs)" differs
# The network interface that the guest sees is the phone's.
for uuid in "$first" "$second"; do
	api GET "/v1/phones/$uuid"
	check "$uuid has the interface of its MAC" "$(jq -r .network "$state/$uuid/phone.json")" true
done
api GET "/v1/phones/$first/performance"
check 'its memory is measured' "$(field '.pss_mb > 1 and .private_mb > 1 and .private_mb <= .rss_mb')" true
api GET /v1/host/performance
check "the host's is, too" "$(field '.phones.running == 2 and .phones.pss_mb > 2')" true
api GET "/v1/phones/$first/applications"
check 'applications are listed by the agent' "$code $(field '.applications | type')" '200 array'

# --- wrong requests ---
nobody=00000000-0000-4000-8000-000000000000
for request in "GET /v1/phones/$nobody" "DELETE /v1/phones/$nobody" "POST /v1/phones/$nobody/start" "POST /v1/phones/$nobody/stop" \
	"GET /v1/phones/$nobody/performance" 'GET /v1/templates/none' 'DELETE /v1/templates/none'; do
	# shellcheck disable=SC2086
	api $request
	check "unknown: $request" "$code $(field .detail)" '404 there is no *'
done
check 'the display of an unknown phone' "$(picture "$nobody" 2>&1 || true)" '*there is no phone*'
api POST /v1/phones '{"template":"none"}'
check 'an unknown template says how to build it' "$code $(field .detail)" '404 *qvmi template build*'
for json in '{}' '{"template":7}' '{"template":"tiny","uuid":"no"}' '{"template":"tiny","uuid":7}' '{"template":"tiny","name":"Bad Name"}' \
	'{"template":"tiny","start":"yes"}' '[]' 'nonsense'; do
	api POST /v1/phones "$json"
	check "refused: $json" "$code" 400
done
api POST /v1/phones "{\"template\":\"tiny\",\"uuid\":\"$second\"}"
check 'a uuid that is taken' "$code" 409
api POST /v1/phones '{"template":"tiny","name":"second"}'
check 'a name that is taken' "$code" 409
api GET '/v1/phones?state=asleep'
check 'an unknown state' "$code $(field .detail)" '400 *running*off*all*'
api POST /v1/templates '{"manifest":"relative.json"}'
check 'a relative manifest' "$code" 400
api POST /v1/templates "{\"manifest\":\"$(tiny_manifest bad '.machine.cpus = 0')\"}"
check 'a bad manifest names the member' "$code $(field .detail)" '400 *cpus*'
api DELETE /v1/templates/tiny
check 'a template in use stays' "$code $(field .detail)" '409 2 phones use*'

# --- stop and start ---
api POST "/v1/phones/$first/stop" '{"timeout_s":20}'
check 'a phone is stopped through its agent' "$code $(field .state)" '200 off'
api GET '/v1/phones?state=off'
check 'it is listed as off' "$(field '.phones[0].uuid')" "$first"
api GET "/v1/phones/$first/performance"
check 'one that is off has no performance' "$code" 409
check 'nor a display' "$(picture "$first" 2>&1 || true)" '*no screen now*'
api POST "/v1/phones/$first/stop"
check 'stopping it again is no error' "$code $(field .state)" '200 off'
api POST "/v1/phones/$first/start"
check 'it is started again' "$code $(field .state)" '200 running'
check 'as itself' "$(field '.name + " " + .mac')" "$first_name $first_mac"
api POST "/v1/phones/$first/start"
check 'starting it again is no error' "$code $(field .state)" '200 running'
api POST "/v1/phones/$first/stop" '{"force":true}'
check 'by force' "$code $(field .state)" '200 off'

# --- with a disk of its own ---
api POST /v1/phones '{"template":"diskful"}'
check 'a clone with a disk' "$code $(field .state)" '201 running'
disk=$(field .uuid)
check 'its overlay is in order once it is off' "$(
	api POST "/v1/phones/$disk/stop" '{"timeout_s":20}'
	qemu-img check -q "$state/$disk/overlay.qcow2" && field .state)" off
api POST "/v1/phones/$disk/start"
check 'it boots from its own disk' "$code $(field .state)" '200 running'
wait_for 60 "/v1/phones/$disk" '.agent.ready and .agent.identity'
check 'up to its agent' "$(field .agent.ready)" true

# --- the end ---
api POST /v1/phones '{"template":"tiny","start":false}'
check 'a phone that is not started' "$code $(field .state)" '201 off'
api GET /v1/phones
for uuid in $(field '.phones[].uuid'); do
	api DELETE "/v1/phones/$uuid"
	check "$uuid is destroyed" "$code" 204
done
api DELETE "/v1/phones/$first"
check 'and not a second time' "$code" 404
for name in tiny diskful; do
	api DELETE "/v1/templates/$name"
	check "the template $name is deleted" "$code" 204
done
check 'and nothing of it is left' "$(ls -I accelerator.json "$templates")" ''
end_qvisord TERM
check 'the sockets are gone' "$(cd "$work" && ls -- *.sock 2>/dev/null)" ''
finish
