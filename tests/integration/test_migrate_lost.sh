#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A host that is gone: a phone that was handed over to it is taken back by order, and by nothing else; `qvmi audit` of two hosts says which
# one does not answer, and finds a phone that both have.
# shellcheck source=tests/integration/migrate_lib.sh
source "$(dirname "$0")/migrate_lib.sh"
truncate -s 16M "$work/disk.raw"
host_start one
build_template "$(tiny_manifest diskful ".image.disk = \"$work/disk.raw\" | .name = \"diskful\"")"
host_start two
api one POST /v1/phones '{"template":"diskful"}'
uuid=$(field .uuid)
check_soon 'its agent answers' true ask one "/v1/phones/$uuid" .agent.identity
record=$work/one/phones/$uuid/phone.json

# --- audit ---
audit() { # audit: sets verdict and report
	verdict=0
	report=$("$bin/qvmi" audit --config "$work/one.conf,$work/two.conf" --format json 2>"$work/audit.err") || verdict=$?
}
said() { jq -r "[.invariants[].$1[]] | join(\"; \")" <<<"$report"; }
audit
check 'both hosts are in order' "$verdict $(said broken)" '0 '
mkdir "$work/two/phones/$uuid"
host_end TERM two
cp "$work/one/phones/$uuid/overlay.qcow2" "$work/two/phones/$uuid/"
jq -c 'del(.pid, .start_time) | .state = "off"' "$record" >"$work/two/phones/$uuid/phone.json"
host_start two
audit
check 'a phone that both have is found' "$verdict $(said broken)" "8 *phone $uuid is on one and on two*"
api two DELETE "/v1/phones/$uuid"
kill -STOP "${pids[two]}"
audit
check 'one that hangs is said' "$verdict $(cat "$work/audit.err")" '[1-9]*qvisord on two*'
check 'and the other was looked at all the same' "$(jq -r '.invariants[0] | "\(.looked_at) \(.result)"' <<<"$report")" '1 holds'
kill -CONT "${pids[two]}"

# --- handed over to a host that is gone, and told by nobody what became of it ---
api one POST "/v1/phones/$uuid/take-back"
check 'one that is here cannot be taken back' "$code $(field .detail)" '409 *nothing to take back*'
host_end TERM two
host_end KILL one
jq -c --arg ticket "$(cat /proc/sys/kernel/random/uuid)" --arg to "127.0.0.1:${port[two-link]}" \
	'.leaving_to = $to | .leaving_ticket = $ticket | .left = false' "$record" >"$work/record"
cp "$work/record" "$record"
host_start one
check_soon 'it is asked for' '*has to say whether it runs there*' ask one "/v1/phones/$uuid" .reason
api one POST "/v1/phones/$uuid/stop" '{"force":true}'
check 'nothing can be done to it' "$code" 409
api one POST "/v1/phones/$uuid/take-back"
check 'but to take it back' "$code $(field '"\(.uuid) \(.moving_to)"')" "200 $uuid *"
check_soon 'then it is here' "one running" where "$uuid"
check_soon 'for good' null ask one "/v1/phones/$uuid" .moving_to
check 'by its record, too' "$(jq .leaving_to "$record")" null
check_soon 'its agent answers' 'true true' ask one "/v1/phones/$uuid" '"\(.agent.ready) \(.agent.identity)"'
api one POST "/v1/phones/$uuid/applications" '{"id":"org.qvmi.Card"}'
check 'and it lives' "$code" 200
api one DELETE "/v1/phones/$uuid"
host_end TERM one
finish
