#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Snapshots of a phone whose user's volume is mounted: the user's files come back with it, or stay as they are, as who restores it says;
# what is kept is unreadable without the volume's key, and gone with it.
# shellcheck source=tests/integration/qvisor_lib.sh
source "$(dirname "$0")/qvisor_lib.sh"
volumes=$work/volumes
host_also="volume-folder=$volumes
volume-size-mib=64
volume-stock=1"
truncate -s 16M "$work/disk.raw"
start_qvisord
build_template "$(tiny_manifest with-disk ".image.disk = \"$work/disk.raw\" | .name = \"diskful\"")"
user=00000000-0000-4000-8000-000000000001
api POST /v1/volumes "{\"id\":\"$user\"}"
api POST /v1/phones "{\"template\":\"diskful\",\"volume\":\"$user\"}"
uuid=$(field .uuid)
ready() { wait_for 60 "/v1/phones/$uuid" '.agent.ready and .agent.identity and .volume.state == "mounted"'; }
ready
# The tiny guest leaves a line at home with each launch, and says how many are there.
last_said() {
	curl -s -m 60 --unix-socket "$work/qvisord.sock" "http://q/v1/phones/$uuid/console" | tr -d '\r' >>"$work/console"
	grep -o 'home: [0-9]* launches' "$work/console" | tail -n 1
}
launch() { # launch N: once more; its home has seen N then
	last_said >/dev/null || true
	: >"$work/console"
	api POST "/v1/phones/$uuid/applications" '{"id":"org.qvmi.Card"}'
	check_soon "its home has seen $1 launches" "home: $1 launches" last_said
}
restore() { # restore NAME FILES
	api POST "/v1/phones/$uuid/snapshots/$1/restore" ${2:+"{\"files\":\"$2\"}"}
}
picture() { "$QVMI_BIN/qvmi-display-probe" "$work/display.sock" "$uuid"; }

launch 1
launch 2
shown=$(picture)
api POST "/v1/phones/$uuid/snapshots" '{"name":"two"}'
check 'a snapshot with the volume in it' "$code $(field '.snapshots[0] | "\(.name) \(.volume)"')" "201 two $user"
check 'only we may read it' "$(stat -c %a "$state/$uuid"/snapshot-* | sort -u)" 600
ready
launch 3
launch 4
check 'what is kept says nothing' "$(grep -rlaF 'a secret of' "$state/$uuid" "$volumes" || true)" ''

# --- restored ---
restore two
check 'what becomes of the files has to be said' "$code $(field .detail)" '409 *"back"*"keep"*'
restore two away
check 'in one of two words' "$code $(field .detail)" '400 *neither*'
check 'and nothing has happened' "$(api GET "/v1/phones/$uuid"; field .state)" running
restore two back
check 'with the files as they were' "$code $(field '"\(.state) \(.volume.state)"') $(picture)" "200 running mounted $shown"
ready
launch 3
launch 4
launch 5
restore two keep
check 'with the files as they are' "$code $(field .state)" '200 running'
ready
launch 6
api POST "/v1/phones/$uuid/suspend"
restore two back
check 'one that is suspended, too' "$code $(picture)" "200 $shown"
ready
launch 3
api POST "/v1/phones/$uuid/stop" '{"timeout_s":60}'
restore two keep
check 'and one that is off' "$code" 200
ready
launch 4

# --- the other orders ---
api POST "/v1/phones/$uuid/suspend"
check 'it is suspended' "$(field .state)" suspended
api POST "/v1/phones/$uuid/start"
check 'and resumed' "$code $(field .volume.state)" '200 mounted'
launch 5
api DELETE "/v1/phones/$uuid/volume"
check 'it lets go of the volume' "$code" 200
restore two back
check 'without it the snapshot cannot be restored' "$code $(field .detail)" "409 *$user*attach*"
api POST "/v1/phones/$uuid/snapshots" '{"name":"without"}'
check 'a snapshot without it' "$code $(field '.snapshots[1] | "\(.name) \(.volume)"')" '201 without null'
api PUT "/v1/phones/$uuid/volume" "{\"id\":\"$user\"}"
check 'it has it again' "$(field .volume.state)" mounted
api POST "/v1/phones/$uuid/snapshots/without/restore"
check 'the one without needs no word' "$code" 200
ready
launch 6

# --- killed ---
for delay in 0.05 0.2 0.4; do
	curl -s -m 5 -o /dev/null --unix-socket "$work/qvisord.sock" -X POST -H 'Content-Type: application/json' \
		-d '{"files":"back"}' "http://q/v1/phones/$uuid/snapshots/two/restore" &
	sleep "$delay"
	end_qvisord KILL
	start_qvisord
	api POST "/v1/phones/$uuid/start"
	ready
	check "killed $delay s into restoring: nothing half is left" "$(ls "$state/$uuid" "$volumes/$user" | grep part || true)" ''
done
launch '+([0-9])'
restore two back
check 'the snapshot is whole after that' "$code $(picture)" "200 $shown"
ready
launch 3

# --- the key goes, and with it what was kept ---
cp "$state/$uuid/snapshot-two".* "$work"
api DELETE "/v1/phones/$uuid/volume"
api DELETE "/v1/volumes/$user"
check 'the volume is deleted' "$code" 204
api POST /v1/volumes "{\"id\":\"$user\"}"
api PUT "/v1/phones/$uuid/volume" "{\"id\":\"$user\"}"
check 'another has its name' "$code" 200
restore two back
check 'no other volume opens the snapshot' "$code $(field .type)" '500 *corrupt'
check 'and the phone runs on as it is' "$(api GET "/v1/phones/$uuid"; field '"\(.state) \(.volume.state)"')" 'running mounted'
api POST "/v1/phones/$uuid/wipe"
check 'it is wiped' "$code $(ls "$state/$uuid" | grep -c snapshot || true)" '200 0'
api DELETE "/v1/phones/$uuid"
end_qvisord TERM
finish
