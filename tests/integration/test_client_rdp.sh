#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# mtp-rdp between the simulated host and a standard client (FreeRDP's, on an X server that nobody sees): one who has the code
# is let in, once; what the client's window shows is the phone, and what is done there reaches it.
set -euo pipefail
cd "$(dirname "$0")/../.."
[ -d mtp-client/web/node_modules ] || make --no-print-directory mtp-client/web/node_modules/.package-lock.json
work=$(mktemp -d)
rdp_pid='' client_pid='' x_pid=''
# shellcheck disable=SC2154 # simulated_pid: simulated.sh
trap 'kill "${simulated_pid:-}" $rdp_pid $client_pid $x_pid 2>/dev/null || true; rm -rf "$work"' EXIT
# shellcheck source=tests/browser/simulated.sh
. tests/browser/simulated.sh
simulated_start
# shellcheck source=tests/lib/check.sh
. tests/lib/check.sh
export HOME=$work XDG_CONFIG_HOME=$work KRB5_CONFIG=/dev/null # the client's own files; no realm but the code
start_rdp() { # PACKAGE; sets rdp_pid, port, code
	port=$(free_ports 1)
	: >"$work/rdp.out"
	"$QVMI_BIN/mtp-rdp" "$broker" --user demo --password-file "$work/password" --ca-file "$work/ca.pem" \
		--package "$1" --port "$port" >"$work/rdp.out" 2>"$work/rdp.err" &
	rdp_pid=$!
	eventually test -s "$work/rdp.out" || cat "$work/rdp.err"
	code=$(sed -n 's/.*password //p' "$work/rdp.out")
}
client_options() { # PASSWORD [OPTION...]; sets options
	options=("/v:127.0.0.1:$port" /u:anybody "/p:$1" /cert:ignore /log-level:ERROR "${@:2}")
}
client() {
	client_options "$@"
	timeout 60 xfreerdp3 "${options[@]}" >"$work/client.out" 2>&1
}
start_client() { # sets client_pid
	client_options "$@"
	xfreerdp3 "${options[@]}" >"$work/client.out" 2>&1 &
	client_pid=$!
}
refused() { if client "$@"; then echo let in; else echo refused; fi; }
pixel() { # X Y: of the X server's screen
	xwdtopnm <"$work/Xvfb_screen0" 2>/dev/null | pamcut -left "$1" -top "$2" -width 1 -height 1 | pamtopnm -plain | tail -n 1 | tr -s ' ' | sed 's/ $//'
}
ended() { if wait "$rdp_pid"; then echo 0; else echo "$?"; fi >"$work/status"; } # not in $(): a child of this shell

Xvfb -displayfd 9 -screen 0 800x800x24 -fbdir "$work" 9>"$work/display" >/dev/null 2>&1 &
x_pid=$!
eventually test -s "$work/display"
DISPLAY=:$(cat "$work/display")
export DISPLAY

start_rdp phone
check 'it says where, and the code' "$(cat "$work/rdp.out")" "RDP at 127.0.0.1:$port, password ????????????????????"
# Strangers who say nothing, or nonsense, are in nobody's way.
for descriptor in 20 21 22 23 24 25; do
	eval "exec $descriptor<>/dev/tcp/127.0.0.1/$port"
done
head -c 20000 /dev/urandom >&25 2>/dev/null || true
check 'a wrong code is refused' "$(refused wrongonewrongonewron)" refused
check 'and so is who does not prove the code at all' "$(refused "$code" /sec:tls)" refused
start_client "$code" /size:500x400
check_soon 'the right one shows the phone, whose size the client takes over' '24 48 120' pixel 355 715
check_soon 'pixel by pixel' '70 120 128' pixel 150 136
check_soon 'nothing beyond it' '0 0 0' pixel 365 300
xdotool mousemove 100 100 key k
check_soon 'a key reaches the phone' '37 218 111' pixel 270 660
xdotool click 1
check_soon 'and so does the pointer' '* 220 20' pixel 100 100
check 'another client is turned away' "$(refused "$code")" refused
kill "$client_pid"
wait "$client_pid" || true
ended
check 'when the client leaves it ends' "$(cat "$work/status" "$work/rdp.err")" 0
exec 20<&- 21<&- 22<&- 23<&- 24<&- 25<&-

start_rdp fits
start_client "$code" /size:640x480
check_soon 'a host that scales fills the size that the client has' '200 100 0' pixel 630 470
kill "$client_pid"
wait "$client_pid" || true
ended

start_rdp phone
for _ in 1 2 3; do client wrongonewrongonewron || true; done
ended
check 'after three wrong codes it ends, saying so' "$(cat "$work/status" "$work/rdp.err")" '4*wrong 3 times*'
start_rdp phone
kill "$rdp_pid"
ended
check 'a signal ends it' "$(cat "$work/status")" 0
check 'nonsense is refused' "$("$QVMI_BIN/mtp-rdp" "$broker" --user demo --port 0 2>&1 || true)" 'mtp-rdp: give *port of 1 to 65535*'
[ "$failed" = 0 ] || cat "$work/client.out"
exit "$failed"
