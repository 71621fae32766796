#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Users' volumes as users meet them: brokerd, poold and two hosts with real QEMU. What a user leaves in one phone is in the next, nobody else
# sees it, and no volume is ever with two phones or on two hosts, whoever is killed with -9 in between.
set -euo pipefail
bin=${QVMI_BIN:?the folder of the binaries}
here=$(dirname "$(realpath "$0")")
# shellcheck source=tests/lib/check.sh
. "$here/../lib/check.sh"
# shellcheck source=tests/lib/certificate.sh
. "$here/../lib/certificate.sh"
# shellcheck source=tests/lib/broker.sh
. "$here/../lib/broker.sh"
guest=$("$here/../guest/build" | tail -n 1)
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
cd "$work"

# --- daemons ----------------------------------------------------------------------------------------------------------------
port=$(free_ports 1)
authority server
for host in one two; do
	mkdir -p $host/phones
	printf '[host]\nid=%s\nstate-folder=%s/phones\ntemplate-folder=templates\nvolume-folder=%s/volumes\nvolume-size-mib=64\nvolume-stock=1\n' \
		$host $host $host >$host.conf
	printf 'accelerator=tcg\nprespawn=0\nzygotes=0\ndisk-reserve-mib=1\n[listen]\nunix=%s.sock\ndisplay=%s/display.sock\n' $host $host >>$host.conf
done
printf '[database]\npath=pool.db\n[listen]\nunix=poold.sock\n[pool]\ninterval-ms=200\n' >poold.conf
broker_conf "$work" "$port" "$work/server" "$work/poold.sock" >brokerd.conf
ready() { [ "$(curl -s -o /dev/null -w '%{http_code}' --unix-socket "$1.sock" http://d/readyz)" = 200 ]; }
start() { # start NAME: a daemon, or a host's
	local program=$1
	[ -e "$bin/$1" ] || program=qvisord
	"$bin/$program" --config "$1.conf" 2>>"$1.log" &
	pids[$1]=$!
	eventually ready "$1" || { echo "FAIL $1 does not start"; failed=1; exit 1; }
}
end() { # end NAME SIGNAL
	kill "-$2" "${pids[$1]}"
	wait "${pids[$1]}" 2>/dev/null || true
	unset "pids[$1]"
}
ask() { curl -sS -m 120 --unix-socket "$1.sock" -X "$2" -H 'Content-Type: application/json' ${4:+-d "$4"} "http://d$3"; }
for name in one two poold brokerd; do start $name; done
for host in one two; do
	ask poold POST /v1/hosts "{\"id\":\"$host\",\"url\":\"unix:$work/$host.sock\",\"mtp\":{\"address\":\"\",\"port\":8444,\"websocket_port\":8445}}" >/dev/null
done
template() { ask $1 POST /v1/templates "{\"manifest\":\"$guest/manifest.json\"}" | jq -r .id; }
built() { ask $1 GET "/v1/operations/$2" | jq -r .state; }
for host in one two; do check_soon "a template on $host" succeeded built $host "$(template $host)"; done
ask poold POST /v1/pools '{"name":"p","template":"tiny","ready":1,"max":6,"volatile":true,"volumes":true}' >/dev/null
ask brokerd POST /v1/packages '{"id":"phone","name":"Phone","kind":"phone","pool":"p"}' >/dev/null

# --- people -----------------------------------------------------------------------------------------------------------------
broker() { # broker USER METHOD PATH BODY
	curl -sS -m 120 --noproxy '*' --cacert server.pem -H 'Content-Type: application/json' \
		-H "Authorization: Bearer $(cat "token-$1" 2>/dev/null)" -X "$2" -d "$4" "https://127.0.0.1:$port$3"
}
for user in ann bob; do
	ask brokerd POST /v1/users "{\"name\":\"$user\",\"password\":\"password-$user\"}" >/dev/null
	ask brokerd POST /v1/packages/phone/grants "{\"user\":\"$user\"}" >/dev/null
	broker_sign_in "https://127.0.0.1:$port" server.pem $user >token-$user
done
sign_in() { # sign_in USER: sets phone; empty, with said, when there is none
	said=$(broker "$1" POST /v1/sessions '{"package":"phone"}')
	phone=$(jq -r '.phone.uuid // empty' <<<"$said")
}
host_of() { ask poold GET "/v1/phones/$1" | jq -r .host; }
volume_of() { ask poold GET "/v1/volumes?user=$1" | jq -r '[.volumes[] | "\(.id) \(.host)"] | join("; ")'; }
leave() { # leave USER: the lease ends, and the phone with it
	local lease
	lease=$(ask poold GET "/v1/leases?user=$1" | jq -r '.leases[0].id // empty')
	[ -z "$lease" ] || ask poold DELETE "/v1/leases/$lease" >/dev/null
}
# The tiny guest leaves a line at home with each launch, and says how many there are.
read_console() {
	ask "$1" GET "/v1/phones/$2/console" | tr -d '\r' >>"console.$2"
	grep -o 'home: [0-9]* launches' "console.$2" | tail -n 1
}
launches() { # launches USER: once more; prints how many its home has seen
	local host
	host=$(host_of "$phone")
	: >"console.$phone"
	ask "$host" POST "/v1/phones/$phone/applications" '{"id":"org.qvmi.Card"}' >/dev/null
	eventually grep -q launches <(until read_console "$host" "$phone"; do sleep 0.1; done)
	read_console "$host" "$phone"
}
# Volumes that two phones have, or two hosts.
twice() {
	for host in one two; do [ ! -S $host.sock ] || ask $host GET /v1/phones; done | jq -r '.phones[].volume.id // empty' | sort | uniq -d
	ls one/volumes two/volumes | grep -E '^[0-9a-f-]{36}$' | sort | uniq -d
}

sign_in ann
check 'a user has a phone' "$phone" '*-*'
first=$phone
check 'and a home of her own' "$(launches)" 'home: 1 launches'
check 'in which things stay' "$(launches)" 'home: 2 launches'
sign_in bob
check 'another has another' "$([ "$phone" = "$first" ] || echo other) $(launches)" 'other home: 1 launches'
check 'each has a volume' "$(volume_of ann | wc -w) $(volume_of bob | wc -w)" '2 2'
mine=$(volume_of ann)
leave ann
sign_in ann
check 'the next phone is another' "$([ "$phone" = "$first" ] || echo other)" other
check 'with what was in the one before' "$(launches)" 'home: 3 launches'
check 'no volume is there twice' "$(twice)" ''

# --- killed in between ------------------------------------------------------------------------------------------------------
home=${mine#* } count=3
signed_in() { sign_in ann; [ -n "$phone" ] && [ "$(host_of "$phone")" = "$home" ]; }
comes_back() { # what must be so after any accident
	eventually signed_in || { echo "FAIL no phone: $said"; failed=1; }
	count=$((count + 1))
	check '  her things are there' "$(launches)" "home: $count launches"
	check '  on the same volume, which is there once' "$(volume_of ann) $(twice)" "$mine "
}
begin_and_kill() { # begin_and_kill NAME SECONDS: while the old phone goes and the new one comes
	leave ann
	sign_in ann &
	waiting=$!
	sleep "$2"
	end "$1" KILL
}
RANDOM=${SEED:-1}
for ((round = 0; round < ${ROUNDS:-1}; round++)); do
	delay=0.$(printf %03d $((RANDOM % 500)))
	echo "     poold is killed after $delay s"
	begin_and_kill poold $delay
	start poold
	wait "$waiting" || true
	check '  no volume is there twice' "$(twice)" ''
	comes_back

	delay=0.$(printf %03d $((RANDOM % 500)))
	echo "     the host is killed after $delay s"
	begin_and_kill "$home" $delay
	sign_in ann
	check '  while it is away there is no phone with an empty home' "$phone$(jq -r .detail <<<"$said")" '*host*'
	check '  and no second volume' "$(volume_of ann)" "$mine"
	start "$home"
	wait "$waiting" || true
	comes_back
done
check 'nobody else has seen any of it' "$(sign_in bob; launches)" 'home: 2 launches'

# --- the end ----------------------------------------------------------------------------------------------------------------
leave ann
leave bob
ask poold DELETE /v1/pools/p >/dev/null
phones_left() { for name in one two poold; do ask $name GET /v1/phones; done | jq -r '.phones[].uuid'; }
check_soon 'no phone is left' '' phones_left
check 'a volume is deleted by order' "$(ask poold DELETE "/v1/volumes/${mine% *}")" ''
check 'and has gone from its host' "$(ls "$home/volumes" | grep -c "${mine% *}" || true)" 0
for name in brokerd poold one two; do end $name TERM; done
check_soon 'no QEMU is left' 0 pgrep -fc "$work/"
exit "$failed"
