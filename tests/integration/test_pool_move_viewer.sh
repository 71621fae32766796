#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Somebody looks at a phone while it moves: two hosts with qvisord and mtpd each, poold, brokerd, the desktop client. The client is at the
# other host afterwards by itself, without a sign-in, with the picture as it was, and a touch arrives; there, and back again.
# shellcheck source=tests/integration/migrate_lib.sh
source "$(dirname "$0")/migrate_lib.sh"
# shellcheck source=tests/lib/broker.sh
. "$here/../lib/broker.sh"
certificate "$work/ca" "$work/poold"
first=$(free_ports 8)
port[poold]=$first port[brokerd]=$((first + 1))
next=$((first + 2))
for host in one two; do
	port[$host]=$next port[$host-mtp]=$((next + 1)) port[$host-websocket]=$((next + 2))
	next=$((next + 3))
	host_also[$host]="volume-folder=$work/$host/volumes"$'\n'$'volume-size-mib=64\nvolume-stock=1'
	listen_also[$host]=$(printf 'tls-address=127.0.0.1\ntls-port=%s' "${port[$host]}")
	pool_also[$host]=$(printf 'url=https://127.0.0.1:%s\nown-url=https://127.0.0.1:%s\nmtp-port=%s\nwebsocket-port=%s' \
		"${port[poold]}" "${port[$host]}" "${port[$host-mtp]}" "${port[$host-websocket]}")
	mkdir "$work/$host-mtpd"
	{
		printf '[host]\nid=%s\n[grant]\npublic-key=%s/grant.pub\n[display]\nsocket=%s/%s.display\n' "$host" "$work" "$work" "$host"
		printf '[listen]\nport=%s\nwebsocket-port=%s\ncertificate=%s/qvisord.pem\nkey=%s/qvisord.key\nunix=%s/%s-mtpd.sock\n' \
			"${port[$host-mtp]}" "${port[$host-websocket]}" "$work" "$work" "$work" "$host"
	} >"$work/$host-mtpd.conf"
done
{
	printf '[database]\npath=%s/pool.db\n[pool]\ninterval-ms=200\n[listen]\nunix=%s/poold.sock\n' "$work" "$work"
	printf 'tls-address=127.0.0.1\ntls-port=%s\ncertificate=%s/poold.pem\nkey=%s/poold.key\nclient-ca=%s/ca.pem\n' \
		"${port[poold]}" "$work" "$work" "$work"
	printf '[hosts]\nca=%s/ca.pem\ncertificate=%s/poold.pem\nkey=%s/poold.key\n' "$work" "$work" "$work"
} >"$work/poold.conf"
broker_conf "$work" "${port[brokerd]}" "$work/qvisord" "$work/poold.sock" >"$work/brokerd.conf"
openssl pkey -in "$work/grant.key" -pubout -out "$work/grant.pub"
daemon() { # daemon PROGRAM NAME
	"$bin/$1" --config "$work/$2.conf" 2>>"$work/$2.log" &
	pids[$2]=$!
	check_soon "$2 is ready" 200 host_ready "$2"
}
host_start one
build_template "$tiny/manifest.json"
host_start two
daemon poold poold
daemon brokerd brokerd
for host in one two; do daemon mtpd "$host-mtpd"; done
reachable() { for host in one two; do ask poold "/v1/hosts/$host" .state; done | xargs; }
check_soon 'both hosts are there' 'reachable reachable' reachable
api poold PATCH /v1/hosts/two '{"duty":"draining"}'
api poold POST /v1/pools '{"name":"p","template":"tiny","ready":0,"max":8,"volumes":true}'
api brokerd POST /v1/packages '{"id":"phone","name":"Phone","kind":"phone","pool":"p"}'
api brokerd POST /v1/users '{"name":"ann","password":"password-ann"}'
api brokerd POST /v1/packages/phone/grants '{"user":"ann"}'
printf password-ann >"$work/password"

# --- she looks at it ---
cat >"$work/watch.script" <<END
wait-update 60000
key esc
wait-quiet 2500 60000
measure-tap 20% 60% 60000
wait-quiet 2500 60000
screenshot $work/before.png
wait-update 120000
wait-quiet 2500 60000
screenshot $work/there.png
wait-update 120000
wait-quiet 2500 60000
screenshot $work/back.png
measure-tap 80% 60% 60000
wait-quiet 2500 60000
screenshot $work/touched.png
END
"$bin/mtp-client" "https://127.0.0.1:${port[brokerd]}" --user ann --password-file "$work/password" --ca-file "$work/ca.pem" --headless \
	--script "$work/watch.script" --stats-json "$work/stats.json" >"$work/client.log" 2>&1 &
pids[client]=$!
has() { [ -s "$work/$1.png" ] && echo yes; }
watchers() { ask "$1-mtpd" /v1/sessions '.sessions | length'; }
check_soon 'she sees her phone' yes has before
uuid=$(ask poold '/v1/leases?user=ann' '.leases[0].phone.uuid')
session=$(ask one-mtpd /v1/sessions '.sessions[0].session')
check 'on one' "$(where "$uuid") $(watchers one) $(watchers two)" 'one running 1 0'
api poold PATCH /v1/hosts/two '{"duty":"active"}'
qvmi() { "$bin/qvmi" --server "unix:$work/poold.sock" "$@" 2>&1; }
check 'it moves' "$(qvmi vm migrate "$uuid" --to two)" '*is on host two; it stood still for * ms*'
check_soon 'she sees it there, by herself' 1 watchers two
check_soon 'and has seen the picture' yes has there
check 'in the same session' "$(ask two-mtpd /v1/sessions '.sessions[0].session')" "$session"
check 'which is as it was' "$(cmp "$work/before.png" "$work/there.png" && echo same)" same
check 'nobody looks at where it was' "$(watchers one)" 0
check 'it moves back' "$(qvmi vm migrate "$uuid" --to one)" '*is on host one*'
check_soon 'she is back as well' 1 watchers one
check_soon 'with the picture that it had' yes has back
check 'exactly' "$(cmp "$work/before.png" "$work/back.png" && echo same)" same
check_soon 'what she touches there is touched' yes has touched
check 'and changes the picture' "$(cmp -s "$work/back.png" "$work/touched.png" || echo changed)" changed
code=0
wait "${pids[client]}" || code=$?
unset 'pids[client]'
check 'her client ends in order' "$code" 0
check 'it has come back twice, and no sign-in was needed' "$(jq '.reconnects >= 2 and .away_ms > 0' "$work/stats.json")" true
echo "     $(jq -r '"reconnects=\(.reconnects) away_ms=\(.away_ms | round)"' "$work/stats.json")"
api poold DELETE "/v1/phones/$uuid?force=true"
for daemon in brokerd one-mtpd two-mtpd poold one two; do host_end TERM "$daemon"; done
finish
