#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Snapshots with memory, reset to the template, upgrade, and wipe: that nothing of what was known is left, on disk or in memory.
# shellcheck source=tests/integration/qvisor_lib.sh
source "$(dirname "$0")/qvisor_lib.sh"
truncate -s 16M "$work/disk.raw"
start_qvisord
manifest=$(tiny_manifest with-disk ".image.disk = \"$work/disk.raw\" | .name = \"diskful\"")
build_template "$manifest"
probe=$QVMI_BIN/qvmi-display-probe
picture() { "$probe" "$work/display.sock" "$uuid"; }
launch() { api POST "/v1/phones/$uuid/applications" '{"id":"org.qvmi.Card"}'; }
ready() { wait_for 20 "/v1/phones/$uuid" '.agent.ready and .agent.identity'; }
api POST /v1/phones '{"template":"diskful","name":"known-words-of-somebody"}'
uuid=$(field .uuid)
ready
named "$uuid"
before=$(picture)

# --- snapshots ---
api POST "/v1/phones/$uuid/snapshots" '{"name":"before"}'
check 'a snapshot is taken' "$code $(field '.snapshots[0].name')" '201 before'
ready
check 'and the phone goes on' "$(launch; echo "$code")" 200
check_soon 'to something else' differs differs "$uuid" "$before"
after=$(picture)
api POST "/v1/phones/$uuid/snapshots" '{"name":"after"}'
api GET "/v1/phones/$uuid/snapshots"
check 'both are listed' "$(field '[.snapshots[].name] | join(" ")')" 'after before'
check 'only we may read them' "$(stat -c %a "$state/$uuid"/snapshot-* | sort -u)" 600
ready
api POST "/v1/phones/$uuid/snapshots/before/restore"
check 'the older is restored' "$code $(field .state) $(picture)" "200 running $before"
ready
api POST "/v1/phones/$uuid/snapshots/after/restore"
check 'and the newer' "$code $(picture)" "200 $after"
ready
check 'and lives' "$(launch; echo "$code")" 200
api POST "/v1/phones/$uuid/stop" '{"force":true}'
api POST "/v1/phones/$uuid/snapshots/before/restore"
check 'of a phone that is off, too' "$code $(picture)" "200 $before"
ready
check 'its overlay is in order' "$(
	api POST "/v1/phones/$uuid/suspend"
	qemu-img check -q "$state/$uuid/overlay.qcow2" && echo "$code")" 200
api POST "/v1/phones/$uuid/start"
ready

# --- what cannot be done ---
for request in "before 409" "Bad_name 400" "'' 400"; do
	api POST "/v1/phones/$uuid/snapshots" "{\"name\":\"${request% *}\"}"
	check "a snapshot named ${request% *}" "$code" "${request#* }"
done
api POST "/v1/phones/$uuid/snapshots/never/restore"
check 'one that is not there' "$code $(field .detail)" '404 *no snapshot*'
cp "$state/$uuid/snapshot-after.disk" "$work/whole"
printf X | dd of="$state/$uuid/snapshot-after.disk" bs=1 seek=70000 conv=notrunc status=none
api POST "/v1/phones/$uuid/snapshots/after/restore"
check 'a damaged disk is refused' "$code $(field .type)" '500 *corrupt'
check 'and the phone runs on as it is' "$(api GET "/v1/phones/$uuid"; field .state) $(picture)" "running $before"
cp "$work/whole" "$state/$uuid/snapshot-after.disk"
api DELETE "/v1/phones/$uuid/snapshots/after"
check 'a snapshot is deleted' "$code $(ls "$state/$uuid" | grep -c snapshot-after || true)" '204 0'
for delay in 0.05 0.15; do
	curl -s -m 5 -o /dev/null --unix-socket "$work/qvisord.sock" -X POST -H 'Content-Type: application/json' \
		-d '{"name":"late"}' "http://q/v1/phones/$uuid/snapshots" &
	sleep "$delay"
	end_qvisord KILL
	start_qvisord
	ready
	check "killed $delay s into a snapshot: whole or none" "$(ls "$state/$uuid" | grep -c 'snapshot-late' || true)" '@(0|3)'
	check 'and the phone goes on' "$(launch; echo "$code")" 200
	api DELETE "/v1/phones/$uuid/snapshots/late"
done

# --- reset and upgrade ---
api POST "/v1/phones/$uuid/reset"
check 'it is reset' "$code $(field '.state + " " + .name')" '200 running known-words-of-somebody'
ready
check_soon 'to what it was as a clone' "$before" picture
check 'its snapshot stays' "$(ls "$state/$uuid" | grep -c '^snapshot-before')" 3
sleep 1 # a template's folder has its second in its name
build_template "$manifest" '"force":true'
check 'a newer template' "$(field .state)" succeeded
api POST "/v1/phones/$uuid/reset" '{"upgrade":true}'
check 'is refused while a snapshot needs the older' "$code $(field .detail)" '409 *snapshots*'
api DELETE "/v1/phones/$uuid/snapshots/before"
old=$(jq -r .template_folder "$state/$uuid/phone.json")
api POST "/v1/phones/$uuid/reset" '{"upgrade":true}'
check 'then the phone is of the newer' "$code $([ "$(jq -r .template_folder "$state/$uuid/phone.json")" != "$old" ] && echo newer)" '200 newer'
ready
diskfuls() { ls "$templates" | grep -c '^diskful'; }
check_soon 'and the older goes' 1 diskfuls

# --- wipe ---
# Memory of a process: what is private of it, where guest memory and our own keys are.
holds() { # holds PID FILE: has the process what is in the file anywhere in its memory?
	local status=0
	"$QVMI_BIN/qvmi-secret-search" --of "$1" "$2" -- >/dev/null 2>&1 || status=$?
	echo "$status"
}
qemu=$(our_qemus)
printf known-words-of-somebody >"$work/words"
check "the phone's memory has the words" "$(holds "$qemu" "$work/words")" 1
api POST "/v1/phones/$uuid/snapshots" '{"name":"secret"}'
check 'a snapshot to be wiped' "$code" 201
ready
api POST "/v1/phones/$uuid/suspend"
check 'and memory' "$code" 200
files() { find "$state/$uuid" -type f ! -name phone.json ! -name qemu.log; }
check 'no file shows the words' "$(files | xargs grep -la known-words-of-somebody || true)" ''
# grep takes lines: the longest part of the key that has no newline in it.
key=$(od -An -v -tx1 "$state/$uuid/key" | tr -d '\n' | sed 's/ 0a/\n/g; s/ /\\x/g' | awk 'length > n { n = length; part = $0 } END { print part }')
check 'the key is on disk' "$(files | LC_ALL=C xargs grep -lPa "$key" | xargs -n1 basename)" key
cp "$state/$uuid/suspended" "$work/a-copy-elsewhere"
cp "$state/$uuid/key" "$work/key"
# What a user has written to the phone's disk.
printf 'known-words-of-somebody' | dd of="$state/$uuid/overlay.qcow2" bs=1 seek=$((1 << 20)) conv=notrunc status=none
exec 5<"$state/$uuid/overlay.qcow2" 6<"$state/$uuid/key"
api POST "/v1/phones/$uuid/wipe"
check 'the phone is wiped' "$code $(field .state)" '200 off'
check 'nothing of it is on disk' "$(files; ls "$state/$uuid" | grep -vx 'agent.sock\|qmp.sock\|qemu.log')" phone.json
check 'its key was overwritten before it went' "$(tr -d '\0' </proc/self/fd/6 | wc -c)" 0
check 'so was its disk' "$(tr -d '\0' </proc/self/fd/5 | wc -c)" 0
exec 5<&- 6<&-
check 'the key is in no memory of ours' "$(holds "$pid" "$work/key")" 0
printf '%s' "${uuid:0:23}" >"$work/known"
check '  in which other things are found' "$(holds "$pid" "$work/known")" 1
check 'the words are in none' "$(our_qemus)" ''
cp "$work/a-copy-elsewhere" "$state/$uuid/suspended"
api POST "/v1/phones/$uuid/start"
check 'it starts as a new clone' "$code $(field .state)" '200 running'
ready
check_soon 'that shows nothing of before' "$before" picture
api DELETE "/v1/phones/$uuid"
end_qvisord TERM
finish
