#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# qvisord and QEMU killed with -9 at bad moments: what runs is adopted, what died is said, what nobody owns is ended or quarantined.
# shellcheck source=tests/integration/qvisor_lib.sh
source "$(dirname "$0")/qvisor_lib.sh"
start_qvisord
build_template "$tiny/manifest.json"
check 'a template' "$(field .state)" succeeded

uuids=() pids=()
for i in 1 2 3; do
	api POST /v1/phones '{"template":"tiny"}' -H "Idempotency-Key: key-$i"
	check "phone $i" "$code" 201
	uuids+=("$(field .uuid)") pids+=("$(field .pid)")
done
wait_for 30 "/v1/phones/${uuids[0]}" '.agent.identity'
named "${uuids[0]}"
before=$("$QVMI_BIN/qvmi-display-probe" "$work/display.sock" "${uuids[0]}")

# --- a second daemon on the same folders ---
sed "s|qvisord.sock|other.sock|; s|display.sock|other-display.sock|" "$work/qvisord.conf" >"$work/other.conf"
check 'a second qvisord is refused' "$("$qvisord" --config "$work/other.conf" 2>&1 || true)" '*another qvisord*'

# --- killed, one phone dying meanwhile ---
end_qvisord KILL
check 'the phones outlive it' "$(our_qemus | wc -l)" 3
kill -9 "${pids[1]}"
while [ -d "/proc/${pids[1]}/fd" ] && [ -n "$(ls "/proc/${pids[1]}/fd" 2>/dev/null)" ]; do sleep 0.1; done
mkdir "$state/not-a-phone" "$state/11111111-0000-4000-8000-000000000001"
echo '{' >"$state/11111111-0000-4000-8000-000000000001/phone.json"
start_qvisord
api GET '/v1/phones?state=running'
check 'two are adopted' "$(field '[.phones[].pid] | sort | join(" ")')" "$(printf '%s\n' "${pids[0]}" "${pids[2]}" | sort -n | xargs)"
api GET "/v1/phones/${uuids[1]}"
check 'the third is off, and why' "$(field '.state + ": " + .reason')" 'off: it ended while qvisord was not running'
api GET /v1/host
check 'what nobody owns is quarantined' "$(field '.quarantine | length')" 2
check 'and left alone' "$(ls -d "$state"/not-a-phone "$state"/1111*/phone.json | wc -l)" 2
rm -r "$state/not-a-phone" "$state/11111111-0000-4000-8000-000000000001"

# --- adopted phones do what phones do ---
wait_for 30 "/v1/phones/${uuids[0]}" '.agent.ready'
check 'its agent is back' "$(field .agent.connected)" true
check 'its screen shows the same' "$("$QVMI_BIN/qvmi-display-probe" "$work/display.sock" "${uuids[0]}")" "$before"
api POST /v1/phones '{"template":"tiny"}' -H 'Idempotency-Key: key-1'
check 'idempotency keys are remembered' "$(field .uuid)" "${uuids[0]}"
api POST "/v1/phones/${uuids[0]}/stop" '{"timeout_s":20}'
check 'an adopted phone is stopped' "$code $(field .state)" '200 off'
api POST "/v1/phones/${uuids[1]}/start"
check 'the dead one is started again' "$code $(field .state)" '200 running'

# --- QEMU dies under a daemon that lives ---
kill -9 "${pids[2]}"
wait_for 30 "/v1/phones/${uuids[2]}" '.state == "failed"'
check 'its death is noticed and explained' "$(field .reason)" '*Start the phone again*'
api POST "/v1/phones/${uuids[2]}/start"
check 'and it is started again' "$code $(field .state)" '200 running'
kill -9 "$(field .pid)"
wait_for 30 "/v1/phones/${uuids[2]}" '.state == "failed"'
[ "$platform" != native ] || check 'of a child the signal is known' "$(field .reason)" '*killed by signal 9*'

# --- killed while it clones, again and again ---
runs_and_recorded() {
	local runs recorded
	runs=$(our_qemus | sort -n | xargs)
	api GET /v1/phones
	recorded=$(field '[.phones[] | select(.pid) | .pid] | sort | join(" ")')
	if [ "$runs" = "$recorded" ]; then echo same; else echo "$runs run, $recorded are recorded"; fi
}
for delay in 0.01 0.02 0.03 0.04 0.06; do
	for _ in 1 2 3; do
		curl -s -m 5 -o /dev/null --unix-socket "$work/qvisord.sock" -H 'Content-Type: application/json' \
			-d '{"template":"tiny"}' http://q/v1/phones &
	done
	sleep "$delay"
	end_qvisord KILL
	wait
	start_qvisord
	check_soon "what runs is what is recorded, killed after $delay s" same runs_and_recorded
	api GET /v1/phones
	check 'and every folder is a phone' "$(ls "$state" | wc -l)" "$(field '.phones | length')"
done

api GET /v1/phones
for uuid in $(field '.phones[].uuid'); do api DELETE "/v1/phones/$uuid"; done
end_qvisord TERM
finish
