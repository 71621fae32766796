# SPDX-License-Identifier: GPL-2.0-or-later
# To be sourced: makes a private CA in $work and starts the simulated host with it. Sets broker (its URL) and
# simulated_pid. `$work` is the caller's, and so is ending the process.

simulated_certificate() { # NAME: $work/NAME.pem for this machine, signed by ca, or by itself if there is none
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" \
		-addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout "$work/$1.key" -out "$work/$1.csr" 2>/dev/null
	openssl x509 -req -in "$work/$1.csr" -days 2 -copy_extensions copy -out "$work/$1.pem" \
		-CA "$work/$2.pem" -CAkey "$work/$2.key" 2>/dev/null
}

simulated_start() { # [WEB-FOLDER]
	local ca
	for ca in ca other; do
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=$ca" \
			-keyout "$work/$ca.key" -out "$work/$ca.pem" 2>/dev/null
	done
	simulated_certificate server ca
	simulated_certificate stranger other # a host whose certificate nobody knows
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
