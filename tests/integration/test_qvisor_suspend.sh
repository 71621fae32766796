#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A phone suspended to disk and resumed in the state its user left: what is kept, that nobody can read it, crashes in the middle, damage, a full disk.
# shellcheck source=tests/integration/qvisor_lib.sh
source "$(dirname "$0")/qvisor_lib.sh"
truncate -s 16M "$work/disk.raw"
start_qvisord
build_template "$tiny/manifest.json"
build_template "$(tiny_manifest with-disk ".image.disk = \"$work/disk.raw\" | .name = \"diskful\"")"
probe=$QVMI_BIN/qvmi-display-probe
picture() { "$probe" "$work/display.sock" "$1"; }
# The tiny guest draws which application was launched last, and keeps that nowhere but in memory.
launch() { api POST "/v1/phones/$1/applications" '{"id":"org.qvmi.Card"}'; }
ready() { wait_for 20 "/v1/phones/$1" '.agent.ready and .agent.identity'; }
clone() { # clone TEMPLATE: sets uuid
	api POST /v1/phones "{\"template\":\"$1\"}"
	check "a clone of $1" "$code" 201
	uuid=$(field .uuid)
	ready "$uuid"
}

# --- the state in which the user left it ---
clone tiny
named "$uuid"
fresh=$(picture "$uuid")
launch "$uuid"
check 'an application is launched' "$code" 200
check_soon 'which the picture shows' differs differs "$uuid" "$fresh"
left=$(picture "$uuid")
api POST "/v1/phones/$uuid/suspend"
check 'it is suspended' "$code $(field .state)" '200 suspended'
check 'without a process' "$(our_qemus)$(field .pid)" null
kept=$(stat -c %b "$state/$uuid/suspended")
check "a fraction of its 128 MiB is kept ($((kept / 2048)) MiB)" "$((kept < 2048 * 40))" 1
check 'which only we may read' "$(stat -c %a "$state/$uuid"/{suspended,key} | xargs)" '600 600'
check 'and which says nothing without the key' "$(grep -ac org.qvmi.Card "$state/$uuid/suspended" || true)" 0
api POST "/v1/phones/$uuid/suspend"
check 'suspending it again is no error' "$code $(field .state)" '200 suspended'
api POST "/v1/phones/$uuid/stop"
check 'nor is stopping it' "$code $(field .state)" '200 suspended'
api GET '/v1/phones?state=suspended'
check 'it is listed as suspended' "$(field '.phones[0].uuid')" "$uuid"
for round in 1 2; do
	api POST "/v1/phones/$uuid/start"
	check "round $round: it is resumed" "$code $(field .state)" '200 running'
	echo "     resume_ms=$(field .clone_ms)"
	check 'with the picture that it had' "$(picture "$uuid")" "$left"
	check 'and nothing is kept any more' "$(cd "$state/$uuid" && ls suspended* resumed 2>/dev/null)" ''
	ready "$uuid"
	check 'its agent is there' "$(field .agent.connected)" true
	check 'and its interface' "$(jq .network "$state/$uuid/phone.json")" true
	api POST "/v1/phones/$uuid/suspend"
	check 'it is suspended' "$code $(field .state)" '200 suspended'
done

# --- the daemon dies ---
end_qvisord KILL
start_qvisord
api GET "/v1/phones/$uuid"
check 'a suspended phone is suspended to the next daemon' "$(field .state)" suspended
api POST "/v1/phones/$uuid/start"
check 'which resumes it' "$code $(picture "$uuid")" "200 $left"
ready "$uuid"
for delay in 0.02 0.15; do
	curl -s -m 5 -o /dev/null --unix-socket "$work/qvisord.sock" -X POST "http://q/v1/phones/$uuid/suspend" &
	sleep "$delay"
	end_qvisord KILL
	start_qvisord
	api GET "/v1/phones/$uuid"
	check "killed $delay s after the order: running or suspended" "$(field .state)" '@(running|suspended)'
	api POST "/v1/phones/$uuid/start"
	check 'it runs as it was' "$code $(field .state) $(picture "$uuid")" "200 running $left"
	ready "$uuid"
	check 'and is not stuck' "$(launch "$uuid"; echo "$code")" 200
done
for delay in 0.03 0.1; do
	api POST "/v1/phones/$uuid/suspend"
	curl -s -m 5 -o /dev/null --unix-socket "$work/qvisord.sock" -X POST "http://q/v1/phones/$uuid/start" &
	sleep "$delay"
	end_qvisord KILL
	start_qvisord
	api POST "/v1/phones/$uuid/start"
	check "killed $delay s into resuming: it is not lost" "$code $(field .state) $(picture "$uuid")" "200 running $left"
	ready "$uuid"
done
check 'one phone, one QEMU' "$(our_qemus | wc -w)" 1

# --- damage ---
api POST "/v1/phones/$uuid/suspend"
cp "$state/$uuid/suspended" "$work/whole"
for at in 20 5000 $(($(stat -c %s "$work/whole") - 3)); do
	printf X | dd of="$state/$uuid/suspended" bs=1 seek="$at" conv=notrunc status=none
	api POST "/v1/phones/$uuid/start"
	check "a changed byte at $at is refused" "$code $(field .type) $(field .detail)" "500 *corrupt *$uuid/suspended*"
	wait_for 30 "/v1/phones/$uuid" '.state == "suspended" and .pid == null'
	cp "$work/whole" "$state/$uuid/suspended"
done
truncate -s -100000 "$state/$uuid/suspended"
api POST "/v1/phones/$uuid/start"
check 'so is one cut off' "$code $(field .type)" '500 *corrupt'
wait_for 30 "/v1/phones/$uuid" '.pid == null'
cp "$work/whole" "$state/$uuid/suspended"
api POST "/v1/phones/$uuid/start"
check 'the whole one is resumed after all that' "$code $(picture "$uuid")" "200 $left"
api POST "/v1/phones/$uuid/suspend"
truncate -s 1000 "$state/$uuid/suspended"
api POST "/v1/phones/$uuid/start" '{"discard":true}'
check 'and a damaged one can be discarded' "$code $(field .state)" '200 running'
check 'which starts the phone afresh' "$(cd "$state/$uuid" && ls suspended* 2>/dev/null)" ''
api DELETE "/v1/phones/$uuid"

# --- with a disk, cloned and booted ---
clone diskful
api POST "/v1/phones/$uuid/suspend"
check 'a clone with a disk is suspended' "$code" 200
check 'its overlay is in order' "$(qemu-img check -q "$state/$uuid/overlay.qcow2" && echo good)" good
api POST "/v1/phones/$uuid/start"
check 'and resumed' "$code $(field .state)" '200 running'
ready "$uuid"
api POST "/v1/phones/$uuid/stop" '{"force":true}'
api POST "/v1/phones/$uuid/start"
wait_for 60 "/v1/phones/$uuid" '.agent.ready and .agent.identity'
named "$uuid"
fresh=$(picture "$uuid")
launch "$uuid"
check_soon 'it shows what is launched' differs differs "$uuid" "$fresh"
left=$(picture "$uuid")
api POST "/v1/phones/$uuid/suspend"
check 'one that was booted from its disk is suspended' "$code $(field .state)" '200 suspended'
api POST "/v1/phones/$uuid/start"
check 'and resumed' "$code $(field .state) $(picture "$uuid")" "200 running $left"
ready "$uuid"

# --- wrong requests ---
api POST "/v1/phones/$uuid/stop" '{"force":true}'
api POST "/v1/phones/$uuid/suspend"
check 'one that is off cannot be suspended' "$code $(field .detail)" '409 *is off*'
api POST "/v1/phones/00000000-0000-4000-8000-000000000000/suspend"
check 'nor one that is not there' "$code" 404
api DELETE "/v1/phones/$uuid"
check 'destroyed with all that was kept' "$code $(our_folders)" '204 '
end_qvisord TERM
finish
