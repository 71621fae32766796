# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by tests and benches: a whole system by `qvmi up` in a folder of its own, which ends with the script.
#
#   system_start MANIFEST [UP OPTION...]    answers when the system is up; sets SYSTEM (folder), BROKER, CONSOLE, CA,
#                                           DEMO_USER, DEMO_PASSWORD_FILE, ADMIN_PASSWORD_FILE, QVISORD, POOLD, BROKERD, MTPD (sockets)
#   system_stop                             as Ctrl-C does; fails if that takes over a minute or up fails
#   client [OPTION...]                      mtp-client signed in as the demo user, without a window
#   api SOCKET METHOD PATH [JSON]           one request over a UNIX socket
QVMI_BIN=${QVMI_BIN:-$(realpath "$(dirname "${BASH_SOURCE[0]}")/../../build/gcc/bin")}
# shellcheck source=tests/lib/check.sh
. "$(dirname "${BASH_SOURCE[0]}")/check.sh"
SYSTEM=
SYSTEM_PID=

system_start() {
	local manifest=$1
	shift
	SYSTEM=$(mktemp -d "${TMPDIR:-/tmp}/qvmi-system.XXXXXX")
	mkdir -m 700 "$SYSTEM/run"
	: >"$SYSTEM/up.out"
	export XDG_RUNTIME_DIR=$SYSTEM/run
	"$QVMI_BIN/qvmi" up --state "$SYSTEM/state" --manifest "$manifest" --ports "$(free_ports 10)" "$@" \
		>"$SYSTEM/up.out" 2>"$SYSTEM/up.err" &
	SYSTEM_PID=$!
	until grep -q 'Ctrl-C ends everything' "$SYSTEM/up.out"; do
		kill -0 "$SYSTEM_PID" 2>/dev/null || { system_fail 'qvmi up ended before it was up'; return 1; }
		sleep 0.2
	done
	local summary
	summary=$(find "$SYSTEM" -name up.json | head -n 1)
	BROKER=$(jq -r .broker "$summary") CONSOLE=$(jq -r .console "$summary") CA=$(jq -r .ca_file "$summary")
	DEMO_USER=$(jq -r .user "$summary") DEMO_PASSWORD_FILE=$(jq -r .password_file "$summary")
	ADMIN_PASSWORD_FILE=$(jq -r .admin_password_file "$summary")
	QVISORD=$(jq -r .sockets.qvisord "$summary") POOLD=$(jq -r .sockets.poold "$summary")
	BROKERD=$(jq -r .sockets.brokerd "$summary") MTPD=$(jq -r .sockets.mtpd "$summary")
	export BROKER CONSOLE CA DEMO_USER DEMO_PASSWORD_FILE ADMIN_PASSWORD_FILE QVISORD POOLD BROKERD MTPD
}

system_fail() {
	echo "FAIL $*" >&2
	tail -n 40 "$SYSTEM"/up.out "$SYSTEM"/up.err "$SYSTEM"/state/log/*.log >&2 2>/dev/null || true
}

system_stop() {
	local code=0
	[ -n "$SYSTEM_PID" ] || return 0
	kill -INT "$SYSTEM_PID" 2>/dev/null || true
	for _ in $(seq 300); do
		kill -0 "$SYSTEM_PID" 2>/dev/null || break
		sleep 0.2
	done
	if kill -0 "$SYSTEM_PID" 2>/dev/null; then
		system_fail 'qvmi up does not end'
		kill -KILL "$SYSTEM_PID"
		code=1
	fi
	wait "$SYSTEM_PID" || code=$?
	SYSTEM_PID=
	return "$code"
}

# For a trap on EXIT.
system_clean() {
	system_stop >/dev/null 2>&1 || true
	[ -z "$SYSTEM" ] || rm -rf "$SYSTEM"
}

client() {
	"$QVMI_BIN/mtp-client" "$BROKER" --user "$DEMO_USER" --password-file "$DEMO_PASSWORD_FILE" --ca-file "$CA" --headless "$@"
}

api() {
	local socket=$1 method=$2 path=$3
	shift 3
	curl --silent --show-error --fail-with-body --unix-socket "$socket" --request "$method" "http://localhost$path" \
		${1:+--header 'Content-Type: application/json' --data "$1"}
}
