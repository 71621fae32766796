#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Clones that are forked, in jails: what the kernel says of the one that waits and of what comes out of it, and their life.
# shellcheck disable=SC2034
uid_count=1100 # two blocks of 512, and some for others
# shellcheck source=tests/integration/jail_lib.sh
source "$(dirname "$0")/jail_lib.sh"
zygotes=1
truncate -s 16M "$work/disk.raw"
start_qvisord
api POST /v1/templates "{\"manifest\":\"$(tiny_manifest forked ".image.disk = \"$work/disk.raw\" | .name = \"forked\"")\"}"
operation 120
check 'a template' "$(field .state) $(field '.detail // ""')" 'succeeded '
wait_for_zygote forked
parent=$(waits pid)

# --- the one that waits ---
check 'it is of the first user of a block' "$(($(status "$parent" Uid) - first))" '@(0|512)'
check 'its rights are those to make others, in a user namespace of its own' \
	"$(status "$parent" CapEff) $(status "$parent" CapBnd) $([ "$(readlink "/proc/$parent/ns/user")" != "$(readlink /proc/$$/ns/user)" ] && echo own)" \
	'00000000002000c0 00000000002000c0 own'
check 'which has no other user' "$(awk '{ print ($2 - '"$first"') % 512 + $3 <= 512 }' "/proc/$parent/uid_map" | sort -u)" 1
check 'no way to more' "$(status "$parent" NoNewPrivs) $(status "$parent" Seccomp)" '1 2'
check 'it sees nothing but what it needs' "$(ls "/proc/$parent/root" | grep -vx "$(cut -d/ -f2 <<<"$QVMI_BIN")" | xargs)" 'dev lib lib64 pagemap*'

# --- its children ---
uuids=() pids=()
for _ in 1 2; do
	api POST /v1/phones '{"template":"forked"}'
	check 'a phone' "$code $(field '.detail // ""')" '201 '
	[ "$code" = 201 ] || exit 1
	uuids+=("$(field .uuid)") pids+=("$(field .pid)")
	check 'it is forked' "$(grep -cE "phone $(field .uuid): cloned in .*fork " "$work/log")" 1
	echo "     clone_ms=$(field .clone_ms)"
done
for i in 0 1; do
	qemu=${pids[i]}
	check 'its user is its own' "$(($(status "$qemu" Uid) - $(status "$parent" Uid)))" $((i + 1))
	check 'whom it cannot change' "$(awk '$1 == "Uid:" || $1 == "Gid:" { print ($2 == $3 && $3 == $4 && $4 == $5) }' "/proc/$qemu/status" | xargs)" '1 1'
	check 'it has no group and no capability' "$(status "$qemu" Groups) $(status "$qemu" CapEff) $(status "$qemu" CapPrm) $(status "$qemu" CapInh)" \
		' 0000000000000000 0000000000000000 0000000000000000'
	check 'and no way to one' "$(status "$qemu" NoNewPrivs)" 1
	# The launcher's twice, as its parent's is another; and QEMU's own.
	check 'its system calls are filtered' "$(status "$qemu" Seccomp) $(status "$qemu" Seccomp_filters)" '2 3'
	for thread in "/proc/$qemu/task"/*; do status "$qemu/task/${thread##*/}" Uid; done | sort -u >"$work/threads"
	check 'all its threads are of that user' "$(cat "$work/threads")" "$(status "$qemu" Uid)"
	for space in mnt pid net ipc uts; do
		check "its $space namespace is not the host's" "$([ "$(readlink "/proc/$qemu/ns/$space")" != "$(readlink "/proc/$$/ns/$space")" ] && echo other)" other
	done
	check 'it is the first process of its namespace' "$(awk '$1 == "NSpid:" { print $NF }' "/proc/$qemu/status")" 1
	check 'which it finds by name' "$(stat -Lc %i "/proc/$qemu/root$state"/*/overlay.qcow2)" "$(stat -c %i "$state/${uuids[i]}/overlay.qcow2")"
	check 'it has its own disk' "$(readlink "/proc/$qemu/fd/"* | grep 'overlay.qcow2$')" "$state/${uuids[i]}/overlay.qcow2"
	[ -z "$cgroup" ] || check 'its control group is its own' "$(cat "$cgroup/${uuids[i]}/cgroup.procs")" "$qemu"
done
for space in mnt pid net ipc uts; do
	check "two phones and the one that waits: three of $space" \
		"$(readlink "/proc/${pids[0]}/ns/$space" "/proc/${pids[1]}/ns/$space" "/proc/$parent/ns/$space" | sort -u | wc -l)" 3
done
as_phone() { setpriv --reuid="$(status "${pids[0]}" Uid)" --regid="$(status "${pids[0]}" Uid)" --clear-groups "$@"; }
check "what it comes from is closed to it" "$(as_phone cat "/proc/$parent/root$state"/*/overlay.qcow2 2>&1)" '*Permission denied'
check '  and what comes from there' "$(as_phone kill -0 "${pids[1]}" 2>&1; as_phone kill -0 "$parent" 2>&1)" '*not permitted*not permitted'

# --- they live as phones do ---
named "${uuids[0]}"
named "${uuids[1]}"
check 'its screen is handed out' "$(as_user "$QVMI_BIN/qvmi-display-probe" "$work/display.sock" "${uuids[0]}" 2>&1)" '360 720 *'
check 'whoever looks has another user id for it' "$(as_user "$QVMI_BIN/qvmi-launch-probe" "$launch" pair "${pids[0]}")" "ok made by uid $(($(status "${pids[0]}" Uid) + 510))"
check 'it knows its own pages' "$(head -c 8 "/proc/${pids[0]}/root/pagemap" | wc -c)" 8
end_qvisord KILL
alive() { [ -e "/proc/$parent/exe" ] && echo alive || true; }
check_soon 'the one that waits goes with its daemon' '' alive
start_qvisord
api GET "/v1/phones/${uuids[0]}"
check 'it is adopted' "$(field '.state + " " + (.pid | tostring)')" "running ${pids[0]}"
wait_for 20 "/v1/phones/${uuids[0]}" .agent.ready
is_saved "${uuids[0]}"
api POST "/v1/phones/${uuids[1]}/stop" '{"timeout_s":20}'
check 'it is stopped' "$code $(field .state)" '200 off'
check 'and its disk is in order' "$(qemu-img check -q "$state/${uuids[1]}/overlay.qcow2" && echo yes)" yes
api POST "/v1/phones/${uuids[1]}/start"
check 'it boots from it' "$code $(field '.state // .detail')" '200 running'
is_killed "${uuids[1]}"
wait_for_zygote forked
api POST /v1/phones '{"template":"forked"}'
check 'the next is forked again' "$code $(grep -cE "phone $(field .uuid): cloned in .*fork " "$work/log")" '201 1'
for uuid in "${uuids[@]}" "$(field .uuid)"; do api DELETE "/v1/phones/$uuid"; done
end_qvisord TERM
processes_left() { ps -o pid=,stat=,args= -u "$(our_users)" | awk '$2 !~ /^Z/'; }
check_soon 'no process of a phone is left' '' processes_left
finish
