#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A phone that runs moves to another host and goes on there as it was, with what was plugged meanwhile; and back; one that is suspended
# or off as well. As root with phones in jails.
if [ "$(id -u)" = 0 ] && unshare --mount --pid --net --ipc --uts true 2>/dev/null; then jailed=1; fi
# shellcheck source=tests/integration/migrate_lib.sh
source "$(dirname "$0")/migrate_lib.sh"
truncate -s 16M "$work/disk.raw"
host_start one
memory=$(jq .machine.memory_mib "$tiny/manifest.json")
build_template "$(tiny_manifest diskful ".image.disk = \"$work/disk.raw\" | .name = \"diskful\" |
	.machine.max_cpus = 2 | .machine.max_memory_mib = $memory + 128")"
host_start two
ready() { check_soon "its agent answers on $1" 'true true' ask "$1" "/v1/phones/$uuid" '"\(.agent.ready) \(.agent.identity)"'; }

api one POST /v1/phones '{"template":"diskful"}'
uuid=$(field .uuid) mac=$(field .mac)
ready one
api one PATCH "/v1/phones/$uuid" "{\"cpus\":2,\"memory_mib\":$((memory + 128))}"
plugged="running 2 $((memory + 128)) null"
machine() { ask "$1" "/v1/phones/$uuid" '"\(.state) \(.cpus) \(.memory_mib) \(.next_start)"'; }
check 'a processor and memory are plugged' "$code $(machine one)" "200 $plugged"
fresh=$(picture one "$uuid")
api one POST "/v1/phones/$uuid/applications" '{"id":"org.qvmi.Card"}'
check_soon 'an application is launched, which the picture shows' differs differs one "$uuid" "$fresh"
left=$(picture one "$uuid")

# --- there ---
move "$uuid" one two
check 'the move begins' "$code" 202
moved one succeeded
echo "     $(field '.result | "downtime_ms=\(.downtime_ms) total_ms=\(.total_ms) memory_bytes=\(.memory_bytes) file_bytes=\(.file_bytes) pages=\(.pages) sent=\(.pages_sent)"')"
check 'with a fraction of its pages' "$(field '.result | .pages_sent * 3 < .pages and .pages_sent > 0')" true
check_soon 'it runs there and is nowhere else' 'two running' where "$uuid"
check 'with the picture that it had' "$(picture two "$uuid")" "$left"
ready two
check 'and the same address' "$(ask two "/v1/phones/$uuid" .mac)" "$mac"
check 'what was plugged is plugged' "$(machine two)" "$plugged"
check 'its interface is there' "$(jq .network "$work/two/phones/$uuid/phone.json")" true
check 'its disk lies on that host'\''s template' \
	"$(qemu-img info -U --output=json "$work/two/phones/$uuid/overlay.qcow2" | jq -r '."backing-filename"')" "$work/two/templates/*/disk.qcow2"
check_soon 'nothing of it is left behind' '' our_qemus one
check_soon 'nor a folder' '' ls "$work/one/phones"

# --- and back, to a phone that is in use there ---
move "$uuid" two one
moved two succeeded
check_soon 'it is back' 'one running' where "$uuid"
check 'as it was' "$(picture one "$uuid")" "$left"
ready one
api one POST "/v1/phones/$uuid/applications" '{"id":"org.qvmi.Card"}'
check 'and is not stuck' "$code" 200

# --- suspended, and off ---
api one POST "/v1/phones/$uuid/suspend"
move "$uuid" one two
moved one succeeded
check_soon 'a suspended phone is suspended there' 'two suspended' where "$uuid"
api two POST "/v1/phones/$uuid/start"
check 'and goes on there' "$code $(picture two "$uuid")" "200 $left"
ready two
api two POST "/v1/phones/$uuid/applications" '{"id":"org.qvmi.Discard"}'
filled() {
	curl -s -m 60 --unix-socket "$work/two.sock" "http://q/v1/phones/$uuid/console" | tr -d '\r' >>"$work/console"
	[ "$(sed -n 's/^discard: memory \([0-9]*\) MiB$/\1/p' "$work/console")" -gt "$memory" ] && echo more
}
check_soon 'and the guest can fill that memory' more filled
api two POST "/v1/phones/$uuid/stop" '{"force":true}'
move "$uuid" two one
moved two succeeded
check_soon 'one that is off is off there' 'one off' where "$uuid"
check 'its overlay is in order' "$(qemu-img check -q "$work/one/phones/$uuid/overlay.qcow2" && echo good)" good
api one DELETE "/v1/phones/$uuid"
check 'it is destroyed there' "$code" 204
for daemon in "${!pids[@]}"; do host_end TERM "$daemon"; done
finish
