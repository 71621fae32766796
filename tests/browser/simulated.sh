# SPDX-License-Identifier: GPL-2.0-or-later
# To be sourced: makes a private CA in $work and starts the simulated host with it. Sets broker (its URL) and
# simulated_pid. `$work` is the caller's, and so is ending the process.

# shellcheck source=tests/lib/certificate.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib/certificate.sh"

simulated_start() { # [WEB-FOLDER]
	authority "$work/ca"
	authority "$work/other"
	certificate "$work/ca" "$work/server"
	certificate "$work/other" "$work/stranger" # a host whose certificate nobody knows
	echo right >"$work/password"
	node tests/browser/simulated-host.mjs "$work" "${1:-}" >"$work/ports" 2>"$work/simulated.log" &
	simulated_pid=$!
	local i
	for ((i = 0; i < 600; i++)); do
		[ ! -s "$work/ports" ] || break
		sleep 0.1
	done
	[ -s "$work/ports" ] || { cat "$work/simulated.log" >&2; return 1; }
	broker=https://127.0.0.1:$(jq -r .broker "$work/ports")
}
