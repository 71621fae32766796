#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# One poold, two hosts that register themselves by mutual TLS: what their certificates are good for, draining, maintenance,
# and a poold that has lost its records.
set -euo pipefail
bin=${QVMI_BIN:?the folder of the binaries}
tiny=$("$(dirname "$0")/../guest/build" | tail -n 1)
work=$(mktemp -d)
declare -A pids=()
clean_up() {
	[ ${#pids[@]} = 0 ] || kill -9 "${pids[@]}" 2>/dev/null || true
	local pid
	for pid in $(jq -r '.pid // empty' "$work"/*/phones/*/phone.json 2>/dev/null); do
		# A recorded pid may be somebody else's by now: the command line says whose it is.
		! grep -qsF "$work" "/proc/$pid/cmdline" || kill -9 "$pid" 2>/dev/null || true
	done
	[ "$failed" = 0 ] || tail -n 30 "$work"/*.log
	rm -rf "$work"
}
trap clean_up EXIT
trap 'failed=1' ERR
# shellcheck source=tests/lib/check.sh
. "$(dirname "$0")/../lib/check.sh"
# shellcheck source=tests/lib/certificate.sh
. "$(dirname "$0")/../lib/certificate.sh"

# --- certificates of one authority ------------------------------------------------------------------------------------------
authority "$work/ca"
certificate "$work/ca" "$work/poold"
certificate "$work/ca" "$work/qvisord"
certificate "$work/ca" "$work/one" host:one
certificate "$work/ca" "$work/two" host:two
declare -A port=()
first=$(free_ports 3)
port=([poold]=$first [one]=$((first + 1)) [two]=$((first + 2)))

# --- daemons ----------------------------------------------------------------------------------------------------------------
listen() { # listen NAME CERTIFICATE
	printf '[listen]\nunix=%s/%s.sock\ntls-address=127.0.0.1\ntls-port=%s\n' "$work" "$1" "${port[$1]}"
	printf 'certificate=%s/%s.pem\nkey=%s/%s.key\nclient-ca=%s/ca.pem\n' "$work" "$2" "$work" "$2" "$work"
}
{
	printf '[database]\npath=%s/pool.db\n[pool]\ninterval-ms=200\n' "$work"
	listen poold poold
	printf '[hosts]\nca=%s/ca.pem\ncertificate=%s/poold.pem\nkey=%s/poold.key\n' "$work" "$work" "$work"
} >"$work/poold.conf"
for host in one two; do
	mkdir -p "$work/$host/phones" "$work/$host/templates"
	{
		printf '[host]\nid=%s\nstate-folder=%s/%s/phones\ntemplate-folder=%s/%s/templates\n' $host "$work" $host "$work" $host
		printf 'accelerator=tcg\nprespawn=0\nzygotes=0\ndisk-reserve-mib=1\n'
		listen $host qvisord
		printf '[pool]\nurl=https://127.0.0.1:%s\nca=%s/ca.pem\ncertificate=%s/%s.pem\nkey=%s/%s.key\n' \
			"${port[poold]}" "$work" "$work" $host "$work" $host
		printf 'own-url=https://127.0.0.1:%s\nmtp-address=192.0.2.7\nmtp-port=1444\nwebsocket-port=1445\n' "${port[$host]}"
	} >"$work/$host.conf"
done
api() { curl -sS --max-time 60 --unix-socket "$work/$1.sock" "http://$1$2" "${@:3}"; }
pool() { api poold "$@"; }
ready() { api "$1" /readyz -o /dev/null -w '%{http_code}'; }
start() { # start PROGRAM NAME
	"$bin/$1" --config "$work/$2.conf" 2>>"$work/$2.log" &
	pids[$2]=$!
	check_soon "$2 is ready" 200 ready "$2"
}
end() {
	kill "-$1" "${pids[$2]}"
	wait "${pids[$2]}" 2>/dev/null || true
	unset "pids[$2]"
}

# --- they register: before there is a pool, and after ------------------------------------------------------------------------
start qvisord one
registered() { api "$1" /v1/host | jq -r '.pool | "\(.registered) \(.problem)"'; }
check_soon 'without a pool a host says so' 'false *poold*' registered one
start poold poold
start qvisord two
host() { pool "/v1/hosts/$1" | jq -r "$2"; }
check_soon 'the first is there once there is a pool' 'reachable active' host one '"\(.state) \(.duty)"'
check_soon 'and the second' 'reachable active' host two '"\(.state) \(.duty)"'
check_soon 'which it knows' 'true null' registered two
check 'where its screens are' "$(host two '"\(.mtp.address) \(.mtp.port) \(.mtp.websocket_port)"')" '192.0.2.7 1444 1445'

# --- what a host's certificate is good for -----------------------------------------------------------------------------------
as() { # as CERTIFICATE PORT-OF PATH [CURL-OPTION...]: prints status and detail
	curl -sS --max-time 20 --cacert "$work/ca.pem" --cert "$work/$1.pem" --key "$work/$1.key" -w ' %{http_code}' \
		"https://127.0.0.1:${port[$2]}$3" "${@:4}"
}
statement() { echo "{\"id\":\"$1\",\"url\":\"$2\",\"mtp\":{\"port\":1,\"websocket_port\":2}}"; }
check 'it sees no phones' "$(as one poold /v1/phones)" '*is for registering*403'
check 'and no hosts' "$(as one poold /v1/hosts)" '*is for registering*403'
check 'and takes no lease' "$(as one poold /v1/leases -d '{"user":"ann","pool":"p"}')" '*is for registering*403'
check 'it is no other host' "$(as one poold /v1/hosts -d "$(statement two https://127.0.0.1:1)")" '*cannot register*403'
check 'it does not point poold at sockets of its machine' "$(as one poold /v1/hosts -d "$(statement one unix:/run/x)")" '*https*400'
check 'another host is none of its business' "$(as one two /v1/host)" '*is for registering*403'
check 'poold'\''s own is let in there' "$(as poold two /v1/host)" '*"two"* 200'

# --- phones on both ------------------------------------------------------------------------------------------------------------
operation() { pool "/v1/operations/$1" | jq -r .state; }
for host in one two; do
	id=$(pool /v1/templates -d "{\"manifest\":\"$tiny/manifest.json\",\"host\":\"$host\"}" | jq -r .id)
	check_soon "a template on $host" succeeded operation "$id"
done
pool /v1/pools -d '{"name":"p","template":"tiny","ready":2,"max":8}' >/dev/null
spare() { pool /v1/pools/p | jq -r .ready_now; }
check_soon 'two stand by' 2 spare
lease() { pool /v1/leases -d "{\"user\":\"$1\",\"pool\":\"p\"}"; }
ann=$(lease ann)
home=$(jq -r .host.id <<<"$ann") phone=$(jq -r .phone.uuid <<<"$ann")
other=$([ "$home" = one ] && echo two || echo one)
check_soon 'two stand by again' 2 spare
duty() { pool "/v1/hosts/$1" -X PATCH -d "{\"duty\":\"$2\"}" | jq -r '.duty // .detail'; }
check 'a duty that there is not' "$(duty "$home" holiday)" '*active, draining or maintenance*'
check 'a host that there is not' "$(duty three draining)" '*no host*'
check 'her host is drained' "$(duty "$home" draining)" draining
on() { api "$1" '/v1/phones?state=all' | jq -r '[.phones[].uuid] | join(" ")'; }
check_soon 'nothing but hers is on it' "$phone" on "$home"
check_soon 'two stand by on the other' 2 spare
check 'she is still let in' "$(lease ann | jq -r '"\(.phone.uuid) \(.phone.state)"')" "$phone running"
check 'bob'\''s comes from the other' "$(lease bob | jq -r .host.id)" "$other"
check 'by hand neither' "$(pool /v1/phones -d "{\"template\":\"tiny\",\"host\":\"$home\"}" | jq -r .status)" 503
check 'maintenance' "$(duty "$home" maintenance)" maintenance
state() { pool "/v1/phones/$phone" | jq -r .state; }
check_soon 'hers is suspended' suspended state
check 'and she is told' "$(lease ann | jq -r '"\(.status) \(.detail)"')" "503 *in maintenance; the phone is kept*"

# --- a poold that has forgotten everything -----------------------------------------------------------------------------------
end TERM "$home"
start qvisord "$home"
check_soon 'a host that starts anew is still in maintenance' 'reachable maintenance' host "$home" '"\(.state) \(.duty)"'
check 'back' "$(duty "$home" active)" active
check 'hers is as she left it' "$(lease ann | jq -r '"\(.phone.uuid) \(.phone.state)"')" "$phone running"

# --- a host that is gone for good ----------------------------------------------------------------------------------------------
lost=$(lease bob | jq -r .phone.uuid)
end KILL "$other"
check_soon 'a host that does not answer is not given up' unreachable host "$other" .state
remove() { "$bin/qvmi" --server "unix:$work/poold.sock" host remove "$other" "$@" 2>&1 </dev/null || true; }
check 'nor is it by an order that does not say so' "$(remove)" '*phones*'
check 'nor by one that nobody has confirmed' "$(remove --force)" "*Host $other is unreachable*phones*nobody to ask: say --yes"
check 'what is recorded is still his' "$(pool "/v1/phones/$lost" | jq -r .user)" bob
check 'it is given up' "$(remove --force --yes)" '*is forgotten'
check 'and he gets another phone' "$(lease bob | jq -r --arg lost "$lost" '"\(.host.id) \(.phone.uuid != $lost)"')" "$home true"
start qvisord "$other"
check_soon 'should it come back it registers again' reachable host "$other" .state
foreign() { pool "/v1/phones/$lost" | jq -r .use; }
check_soon 'and its phone is nobody'\''s' foreign foreign

for uuid in $(pool /v1/phones | jq -r '.phones[] | .uuid'); do pool "/v1/phones/$uuid?force=true" -X DELETE >/dev/null; done
pool /v1/pools/p -X DELETE -o /dev/null
check_soon 'all phones are gone' '' on one
check_soon 'on both' '' on two
end KILL poold
rm "$work"/pool.db*
start poold poold
check_soon 'without its records it learns of the hosts again' reachable host one .state
check_soon 'of both' reachable host two .state
for name in poold one two; do end TERM "$name"; done
exit "$failed"
