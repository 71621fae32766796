#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Children that wait for a clone request: bounded, told apart from phones, taken and refilled, and none left over, whoever dies.
# shellcheck source=tests/integration/qvisor_lib.sh
source "$(dirname "$0")/qvisor_lib.sh"
prespawn=2
wanted='00000000-0000-4000-8000-00000000f00d'
start_qvisord
build_template "$tiny/manifest.json"
spares() { wait_for 30 /v1/host ".spares.ready == $1"; }
audit() { # prints nothing when all is well
	"$QVMI_BIN/qvmi" audit --config "$work/qvisord.conf" >"$work/audit" 2>&1 || cat "$work/audit"
}

api GET /v1/host
check 'none waits before the first clone' "$(field '.spares | "\(.limit) \(.ready) \(.children | length)"')" '2 0 0'
api POST /v1/phones '{"template":"tiny"}'
first=$(field .uuid)
spares 2
check 'they are no phones' "$(api GET /v1/phones; field '.phones | length')" 1
check 'nor do they count' "$(api GET /v1/host; field '.phones | "\(.total) \(.running)"')" '1 1'
children=$(field '[.spares.children[].pid] | sort | join(" ")')
check 'they are processes' "$(our_qemus | wc -l)" 3
asleep() { for child in $children; do grep -c '^State:.S' "/proc/$child/status"; done | xargs; }
check_soon 'that do nothing' '1 1' asleep
check 'the audit tells them apart' "$(audit)" ''

# --- taken ---
api POST /v1/phones "{\"template\":\"tiny\",\"uuid\":\"$wanted\",\"name\":\"mine\"}" -H 'Idempotency-Key: k'
check 'a phone with the uuid that was asked for' "$code $(field '.uuid + " " + .name + " " + .state')" "201 $wanted mine running"
check 'from one of them' " $children " "* $(field .pid) *"
check 'in the folder of that uuid' "$(ls "$state/$wanted/phone.json")" '*phone.json'
echo "     clone_ms=$(field .clone_ms)"
api POST /v1/phones "{\"template\":\"tiny\",\"uuid\":\"$wanted\",\"name\":\"mine\"}" -H 'Idempotency-Key: k'
check 'the key again is the same phone' "$(field .uuid)" "$wanted"
wait_for 20 "/v1/phones/$wanted" '.agent.identity'
check 'its screen is drawn' "$("$QVMI_BIN/qvmi-display-probe" "$work/display.sock" "$wanted")" '360 720 *'
spares 2
check 'and refilled' "$(our_qemus | wc -l)" 4
check 'the audit is clean' "$(audit)" ''

# --- a child dies ---
api GET /v1/host
dead=$(field '.spares.children[0].pid')
kill -9 "$dead"
wait_for 30 /v1/host ".spares.ready == 2 and all(.spares.children[]; .pid != $dead)"
check 'a dead child is replaced' "$(our_qemus | wc -l)" 4

end_qvisord TERM
left() { echo "$(our_qemus | wc -l) $(ls "$state" | wc -l)"; }
check_soon 'an orderly end takes them along' '2 2' left
start_qvisord
api POST /v1/phones '{"template":"tiny"}'
third=$(field .uuid)
spares 2

# --- qvisord dies: phones are adopted, children end ---
end_qvisord KILL
start_qvisord
check_soon 'only phones outlive it' '3 3' left
check 'and only their folders' "$(ls "$state" | sort | xargs)" "$(printf '%s\n' "$first" "$wanted" "$third" | sort | xargs)"
api POST "/v1/phones/$wanted/stop" '{"timeout_s":20}'
check 'a phone that was a child is stopped' "$code $(field .state)" '200 off'
api POST "/v1/phones/$wanted/start"
check 'and started' "$code $(field .state)" '200 running'

# --- killed between the rename and the record ---
api POST /v1/phones '{"template":"tiny"}'
fourth=$(field .uuid)
spares 2
api GET /v1/host
child=$(field '.spares.children[0].uuid')
end_qvisord KILL
mv "$state/$child" "$state/22222222-0000-4000-8000-000000000002"
start_qvisord
api GET /v1/host
check 'half a phone is not quarantined' "$(field '.quarantine | length')" 0
check_soon 'but removed, with its process' '4 4' left

# --- the template goes ---
for uuid in "$first" "$wanted" "$third" "$fourth"; do api DELETE "/v1/phones/$uuid"; done
api POST /v1/phones '{"template":"tiny"}'
last=$(field .uuid)
spares 2
api DELETE "/v1/phones/$last"
api DELETE /v1/templates/tiny
check 'children do not hold their template' "$code" 204
wait_for 30 /v1/host '.spares.children == []'
end_qvisord TERM
finish
