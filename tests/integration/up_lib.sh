# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034
# Sourced by test_up_*.sh: a `qvmi up` of its own in a folder of its own, on the tiny guest.
set -euo pipefail
qvmi=${QVMI_BIN:?the folder of the binaries}/qvmi
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/lib/check.sh
. "$here/../lib/check.sh"
tiny=$("$here/../guest/build" | tail -n 1)
work=$(mktemp -d) up='' ports=$(free_ports 10)
export XDG_RUNTIME_DIR=$work/run XDG_CONFIG_HOME=$work/config
mkdir -m 700 "$XDG_RUNTIME_DIR"

# Every process that has to do with our folder: daemons by their configuration, QEMU by its log.
ours() {
	local proc
	for proc in /proc/[0-9]*; do
		[ "${proc#/proc/}" != $$ ] || continue
		# It may end between two of our looks.
		{ [[ $(tr '\0' ' ' <"$proc/cmdline") != *"$work"/* && $(readlink "$proc/fd/2") != "$work"/state/* ]] || echo "${proc#/proc/}"; } 2>/dev/null
	done
	return 0
}
clean_up() {
	[ "$failed" = 0 ] || { echo '--- qvmi up said:'; cat "$work"/*.out; tail -n 30 "$work"/state/log/* || true; }
	local pid
	for pid in $up $(ours); do kill -9 "$pid" 2>/dev/null || true; done
	sleep 0.3
	for pid in $(ours); do kill -9 "$pid" 2>/dev/null || true; done
	rm -rf "$work"
}
trap clean_up EXIT
trap 'failed=1' ERR

# start [OPTION...]: returns when it is up, or has ended (then up is empty and code is set)
start() {
	: >"$work/up.out"
	"$qvmi" up --state "$work/state" --cache "$work/cache" --ports "$ports" "$@" >>"$work/up.out" 2>&1 &
	up=$! code=''
	for _ in $(seq 1200); do
		! grep -q '^Ctrl-C ends everything' "$work/up.out" || return 0
		if ! kill -0 "$up" 2>/dev/null; then
			wait "$up" && code=0 || code=$?
			up=''
			return 0
		fi
		sleep 0.1
	done
	echo 'FAIL qvmi up is not up after two minutes'; failed=1; exit 1
}
end() { # end SIGNAL: sets code
	kill "-$1" "$up"
	wait "$up" 2>/dev/null && code=0 || code=$?
	up=''
}
gone() { check_soon "$1: no process is left" '' ours; }
cli() { "$qvmi" --up "$work/state" "$@"; }
json() { jq -r "$1" "$XDG_RUNTIME_DIR"/qvmi-*/up.json; }
# ready N: waits until N clones are ready
ready() { eventually prints "$1" ready_now; }
ready_now() { cli pool list --format json | jq -r '.pools[0].ready_now'; }
# picture FILE: signs in as the demo user and stores the phone's picture
picture() {
	"$QVMI_BIN/mtp-client" "$(json .broker)" --user demo --ca-file "$(json .ca_file)" \
		--password-file "$(json .password_file)" --headless --screenshot "$1"
}
finish() {
	check 'no sanitizer has complained' "$(grep -hE 'Sanitizer|runtime error:' "$work"/*.out "$work"/state/log/* || true)" ''
	[ "$failed" = 0 ] || exit 1
}
