#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# mtp-vnc between the simulated host and a standard viewer (libvncclient): one who has the code is let in, once.
set -euo pipefail
cd "$(dirname "$0")/../.."
[ -d mtp-client/web/node_modules ] || make --no-print-directory mtp-client/web/node_modules/.package-lock.json
work=$(mktemp -d)
vnc_pid=''
# shellcheck disable=SC2154 # simulated_pid: simulated.sh
trap 'kill "${simulated_pid:-}" $vnc_pid 2>/dev/null || true; rm -rf "$work"' EXIT
# shellcheck source=tests/browser/simulated.sh
. tests/browser/simulated.sh
simulated_start
# shellcheck source=tests/lib/check.sh
. tests/lib/check.sh
start_vnc() { # sets vnc_pid, port, code
	port=$(free_ports 1)
	"$QVMI_BIN/mtp-vnc" "$broker" --user demo --password-file "$work/password" --ca-file "$work/ca.pem" \
		--package phone --port "$port" >"$work/vnc.out" 2>"$work/vnc.err" &
	vnc_pid=$!
	local _
	for _ in $(seq 600); do
		[ ! -s "$work/vnc.out" ] || break
		sleep 0.1
	done
	code=$(sed -n 's/.*password //p' "$work/vnc.out")
}
probe() { "$QVMI_BIN/vnc-probe" "$port" 2>"$work/probe.err" && echo "status 0" || echo "status $?"; }
ended() { if wait "$vnc_pid"; then echo 0; else echo "$?"; fi >"$work/status"; } # not in $(): a child of this shell

start_vnc
check 'it says where, and the code' "$(cat "$work/vnc.out")" "VNC at 127.0.0.1::$port, password ????????"
check 'a wrong code is refused' "$(probe <<<wrongone)" 'status 3'
check 'the right one shows the phone, and keys reach it' "$(probe <<<"$code" | tr '\n' ' ')" '360x720 colours=* changed status 0 '
ended
check 'when the viewer leaves it ends' "$(cat "$work/status" "$work/vnc.err")" 0
start_vnc
for _ in 1 2 3; do probe <<<wrongone >/dev/null; done
check 'after three wrong ones the right one is not good' "$(probe <<<"$code")" 'status 3'
ended
check 'and it ends, saying so' "$(cat "$work/status" "$work/vnc.err")" '4*wrong 3 times*'
start_vnc
kill "$vnc_pid"
ended
check 'a signal ends it' "$(cat "$work/status")" 0
check 'nonsense is refused' "$("$QVMI_BIN/mtp-vnc" "$broker" --user demo --port 0 2>&1 || true)" 'mtp-vnc: give *port of 1 to 65535*'
[ "$failed" = 0 ] || cat "$work/probe.err"
exit "$failed"
