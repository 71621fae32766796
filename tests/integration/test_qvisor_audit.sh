#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# `qvmi audit` finds what it is there to find, each broken on purpose; and the files of a phone that are cut short.
# shellcheck source=tests/integration/qvisor_lib.sh
source "$(dirname "$0")/qvisor_lib.sh"
audit() { # audit: sets report and verdict
	verdict=0
	report=$("$QVMI_BIN/qvmi" audit --config "$work/qvisord.conf" --format json 2>/dev/null) || verdict=$?
}
broken() { jq -r '[.invariants[] | select(.result == "broken") | .invariant + " " + (.broken | join("; "))] | join("\n")' <<<"$report"; }
truncate -s 16M "$work/disk.raw"
start_qvisord
build_template "$(tiny_manifest with-disk ".image.disk = \"$work/disk.raw\"")"
uuids=() pids=()
for i in 1 2; do
	api POST /v1/phones '{"template":"tiny"}' -H "Idempotency-Key: key-$i"
	uuids+=("$(field .uuid)") pids+=("$(field .pid)")
done
# From then on nobody writes their records.
for uuid in "${uuids[@]}"; do wait_for 60 "/v1/phones/$uuid" '.agent.ready and .agent.identity'; done
first=$state/${uuids[0]}
audit
check 'all is well' "$verdict $(broken)" '0 '
check 'what cannot be checked is said' "$(jq -r '[.invariants[] | select(.result == "not checked") | .invariant] | join(" ")' <<<"$report")" 'I2 I5 I6'
check 'without the daemon it fails, saying so' "$(sed "s/qvisord.sock/none.sock/" "$work/qvisord.conf" >"$work/other.conf"
	"$QVMI_BIN/qvmi" audit --config "$work/other.conf" 2>&1)" '*qvisord*'

# --- I1 ---
cp "$first/phone.json" "$work/record"
jq -c '.start_time += 1' "$work/record" >"$first/phone.json"
audit
check 'a record of another process is found' "$verdict $(broken)" "8 I1 *${uuids[0]}*"
jq -c 'del(.pid)' "$work/record" >"$first/phone.json"
audit
check 'a record of no process is found' "$verdict $(broken)" "8 I1 *${uuids[0]}*names no process"
cp "$work/record" "$first/phone.json"
# What only calls itself so, with its log where a phone's would be.
stray=11111111-0000-4000-8000-000000000001
bash -c 'trap "kill \$!" TERM; sleep 60 & wait' -- -name "qvmi-$stray" 2>"$first/stray.log" &
stray_pid=$!
eventually grep -qs "qvmi-$stray" "/proc/$stray_pid/cmdline"
audit
check 'a process that nobody knows is found' "$verdict $(broken)" "8 I1 pid $stray_pid is a QEMU of phone ${uuids[0]} that has another"
kill "$stray_pid" 2>/dev/null || true
wait "$stray_pid" 2>/dev/null || true
rm "$first/stray.log"
# --- I3 ---
jq -c '.idempotency_key = "key-2"' "$work/record" >"$first/phone.json"
audit
check 'a key that was used twice is found' "$verdict $(broken)" '8 I3 *idempotency key*'
cp "$work/record" "$first/phone.json"
# --- I4 ---
mkdir "$state/$stray" "$templates/tiny-0.part"
touch "$first/overlay.qcow2.part"
audit
check 'what is left over is found' "$verdict $(broken)" "8 I4 *"
for what in "$state/$stray belongs" "tiny-0.part is a build" "overlay.qcow2.part was left"; do
	check "  $what" "$(broken)" "*$what*"
done
rm -r "${state:?}/$stray" "$templates/tiny-0.part" "$first/overlay.qcow2.part"
audit
check 'put right it is right' "$verdict $(broken)" '0 '

# --- files that are cut short ---
api POST "/v1/phones/${uuids[1]}/stop" '{"force":true}'
truncate -s 1000 "$state/${uuids[1]}/overlay.qcow2"
api POST "/v1/phones/${uuids[1]}/start"
check 'an overlay that is cut short is said' "$code $(field .detail)" '500 *overlay.qcow2*'
api GET "/v1/phones/${uuids[1]}"
check 'and the phone has failed, whole but for that' "$(field .state) $(ls "$state/${uuids[1]}" | grep -c 'phone.json\|overlay')" 'failed 2'
end_qvisord KILL
truncate -s 100 "$state/${uuids[1]}/phone.json"
start_qvisord
audit
check 'a record that is cut short is quarantined, which is no breach' "$verdict $(broken)" '0 '
api GET /v1/host
check 'and is listed' "$(field '.quarantine[].folder')" "*${uuids[1]}"
check 'and left alone' "$(ls "$state/${uuids[1]}" | grep -c 'phone.json\|overlay')" 2
api GET "/v1/phones/${uuids[0]}"
check 'the other phone runs on' "$(field '.state + " " + (.pid | tostring)')" "running ${pids[0]}"
rm -r "${state:?}/${uuids[1]}"
api DELETE "/v1/phones/${uuids[0]}"
end_qvisord TERM
finish
