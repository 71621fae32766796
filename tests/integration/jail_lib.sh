# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by tests of phones in jails, in place of qvisor_lib.sh: qvisord as an ordinary user, which asks a qvisor-launch of root's.
# Skips where that cannot be had.
#
# `first`, `uid_count`: the user ids that phones run as, which no other test has (uid_count, before it is sourced: 3)
# as_user COMMAND...: as qvisord's user
# start_launcher: again, after it was killed; with ${cgroup} where this machine has one to divide
# status PID FIELD: of /proc/PID/status
# is_saved UUID: suspend, resume and a snapshot of a running one are tried; it runs afterwards
# is_killed UUID: the last answer is the phone; it hangs, and is off afterwards
if [ "$(id -u)" != 0 ] || ! unshare --mount --pid --net --ipc --uts true 2>/dev/null; then
	echo 'SKIP not root: qvisor-launch cannot be tried'
	exit 0
fi
# shellcheck source=tests/integration/qvisor_lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/qvisor_lib.sh"
uid_count=${uid_count:-3}
launcher='' hostile='' launch=$work/launch.sock cgroup='' first=$((100000 + $$ % 100000 * 1024))
as_user() { setpriv --reuid=nobody --regid=nogroup --clear-groups "$@"; }
if ! as_user test -x "$qvisord"; then
	echo 'SKIP an ordinary user cannot run the programs where they are'
	exit 0
fi
our_users() { seq -s , "$first" $((first + uid_count - 1)); }
end_launcher() {
	for daemon in $launcher $hostile; do kill "$daemon" 2>/dev/null || true; done
	pkill -9 -u "$(our_users)" 2>/dev/null || true
	sleep 0.2
	[ -z "$cgroup" ] || { rmdir "$cgroup"/* "$cgroup" 2>/dev/null || true; }
}
trap 'end_launcher; clean_up' EXIT
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
unified=$(findmnt -n -o TARGET -t cgroup2 2>/dev/null | head -n 1 || true)
if [ -n "$unified" ] && mkdir "$unified/qvmi$$" 2>/dev/null; then cgroup=$unified/qvmi$$; fi
start_launcher() {
	rm -f "$launch" # the one before has left it
	"$QVMI_BIN/qvisor-launch" --socket "$launch" --user nobody --state-folder "$state" --template-folder "$templates" --first-uid "$first" --uid-count "$uid_count" \
		${cgroup:+--cgroup "$cgroup" --memory-max 1024 --io-max 100} 2>>"$work/launch.log" &
	launcher=$!
	eventually test -S "$launch"
}
start_launcher
host_also="launcher=$launch"
status() { awk -v name="$2:" '$1 == name { print $2 }' "/proc/$1/status"; }
is_saved() {
	api POST "/v1/phones/$1/snapshots" '{"name":"jailed"}'
	check 'a snapshot of it is taken' "$code $(field '.detail // .snapshots[0].name')" '201 jailed'
	api POST "/v1/phones/$1/suspend"
	check 'it is suspended' "$code $(field '.detail // .state')" '200 suspended'
	api POST "/v1/phones/$1/start"
	check 'and resumed' "$code $(field '.detail // .state')" '200 running'
	api POST "/v1/phones/$1/snapshots/jailed/restore"
	check 'the snapshot is restored' "$code $(field '.detail // .state')" '200 running'
}
is_killed() {
	kill -STOP "$(field .pid)"
	api POST "/v1/phones/$1/stop" '{"force":true}'
	check 'a hung one is killed' "$code $(field .state)" '200 off'
}
