#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Phones under the system's libvirt daemon (qemu:///system), which is root, and a qvisord that is not: whose they are, what
# they are limited to by control groups, and their life.
# The suite as a whole under it is `make integration-libvirt LIBVIRT=system`.
if [ "$(id -u)" != 0 ] || ! unshare --mount mount -t tmpfs tmpfs /run 2>/dev/null; then
	echo 'SKIP not root: there can be no system of libvirt'
	exit 0
fi
export PLATFORM=libvirt-system
# shellcheck source=tests/integration/qvisor_lib.sh
source "$(dirname "$0")/qvisor_lib.sh"
as_nobody() { setpriv --reuid=nobody --regid=nogroup --clear-groups "$@"; }
if ! as_nobody test -x "$qvisord"; then
	echo 'SKIP an ordinary user cannot run the programs where they are'
	exit 0
fi
# The kernel and initramfs where that user may read them.
cp -r "$tiny" "$work/image"
tiny=$work/image
chmod 755 "$work"
chmod -R a+rX "$work/image"
mkdir -m 700 "$state" "$templates"
chown nobody:nogroup "$work" "$state" "$templates"
printf '#!/bin/sh\nexec setpriv --reuid=nobody --regid=nogroup --clear-groups %s "$@"\n' "$qvisord" >"$work/qvisord"
chmod 755 "$work/qvisord"
qvisord=$work/qvisord
start_qvisord
api GET /v1/host
check 'the host says who starts its phones' "$(field '.platform | "\(.name) \(.uri)"')" 'libvirt qemu:///system'
build_template "$tiny/manifest.json"
check 'a template' "$(field .state)" succeeded
uuids=() pids=()
for _ in 1 2; do
	api POST /v1/phones '{"template":"tiny"}'
	check 'a phone' "$code $(field '.detail // .state')" '201 running'
	[ "$code" = 201 ] || exit 1
	uuids+=("$(field .uuid)") pids+=("$(field .pid)")
	echo "     clone_ms=$(field .clone_ms)"
done

# --- whose it is, and what it may use ---
status() { awk -v name="$2:" '$1 == name { print $2 }' "/proc/$1/status"; }
# A file of the control group that has the controller, of version 1 or 2. libvirt has threads in groups below it.
limit() { # limit PID CONTROLLER FILE-OF-VERSION-1 FILE-OF-VERSION-2
	local group mount
	group=$(sed -nE "s/^[0-9]+:([^:]*,)?$2(,[^:]*)?:(.*)/\3/p" "/proc/$1/cgroup")
	if [ -n "$group" ]; then
		mount=$(findmnt -n -o TARGET -t cgroup -O "$2" | head -n 1)
		cat "$mount${group%%.libvirt-qemu*}.libvirt-qemu/$3"
	else
		group=$(sed -n 's/^0:://p' "/proc/$1/cgroup")
		cat "$(findmnt -n -o TARGET -t cgroup2 | head -n 1)${group%%/libvirt*}/$4"
	fi
}
api GET /v1/host
without=$(field '.jail.without | join("; ")')
for qemu in "${pids[@]}"; do
	check "it runs as qvisord's user" "$(status "$qemu" Uid)" "$(id -u nobody)"
	check 'it has no capability' "$(status "$qemu" CapEff)" 0000000000000000
	check 'its system calls are filtered' "$(status "$qemu" Seccomp)" 2
	check 'its mount namespace is its own' "$([ "$(readlink "/proc/$qemu/ns/mnt")" != "$(readlink /proc/$$/ns/mnt)" ] && echo own)" own
	case $without in
	*'limits of memory'*) echo 'SKIP libvirt has no control groups here; the host says so' ;;
	*)
		check 'its memory is limited' "$(limit "$qemu" memory memory.limit_in_bytes memory.max)" $(((128 + 64 + 512) << 20))
		check 'and its processors' "$(limit "$qemu" cpu cpu.cfs_quota_us cpu.max)" '200000*'
		;;
	esac
done
echo "     without: $without"

# --- it lives as phones do ---
wait_for 60 "/v1/phones/${uuids[0]}" '.agent.ready and .agent.identity'
check 'its screen is handed out' "$(as_nobody "$QVMI_BIN/qvmi-display-probe" "$work/display.sock" "${uuids[0]}" 2>&1)" '360 720 *'
end_qvisord KILL
start_qvisord
api GET "/v1/phones/${uuids[0]}"
check 'it is adopted' "$(field '"\(.state) \(.pid)"')" "running ${pids[0]}"
api POST "/v1/phones/${uuids[0]}/suspend"
check 'it is suspended' "$code $(field '.detail // .state')" '200 suspended'
api POST "/v1/phones/${uuids[0]}/start"
check 'and resumed' "$code $(field '.detail // .state')" '200 running'
for uuid in "${uuids[@]}"; do api DELETE "/v1/phones/$uuid"; done
groups_left() { find /sys/fs/cgroup -type d -name "qemu-*qvmi*" 2>/dev/null | while read -r group; do [ ! -s "$group/cgroup.procs" ] || echo "$group"; done; }
check_soon 'nothing runs in a control group any more' '' groups_left
end_qvisord TERM
finish
