# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by tests: checks that go on after a failure and leave it in `failed`, and waiting. A loaded machine may take its time
# for anything, so nothing here waits for a time that is thought to be enough, but for a condition, up to a minute.
#
#   check WHAT ACTUAL EXPECTED(glob)
#   check_soon WHAT EXPECTED(glob) COMMAND...   until what the command prints is that
#   eventually COMMAND...                       until it succeeds
#   free_ports N                                prints the first of N adjacent ports that nobody listens on
failed=0

check() {
	# shellcheck disable=SC2053
	if [[ $2 == $3 ]]; then echo "ok   $1"; else echo "FAIL $1: got '$2', want '$3'"; failed=1; fi
}

eventually() {
	local end=$((SECONDS + 60))
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.1
	done
}

prints() { # prints EXPECTED(glob) COMMAND...
	# shellcheck disable=SC2053
	[[ $("${@:2}" 2>&1) == $1 ]]
}

check_soon() {
	local got end=$((SECONDS + 60))
	# shellcheck disable=SC2053
	while got=$("${@:3}" 2>&1); [[ $got != $2 ]] && [ $SECONDS -lt $end ]; do sleep 0.1; done
	check "$1" "$got" "$2"
}

# Below those that the kernel gives to whoever connects (net.ipv4.ip_local_port_range), which may be taken a moment later.
free_ports() {
	local first port
	while true; do
		first=$((10000 + RANDOM % 20000))
		for ((port = first; port < first + $1; port++)); do
			if (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then continue 2; fi
		done
		echo "$first"
		return
	done
}
