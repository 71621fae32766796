#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The pool moves phones: by order, with their lease and their user's volume; all of a host that is drained; and a poold that is killed
# meanwhile finds out where they are.
# shellcheck source=tests/integration/migrate_lib.sh
source "$(dirname "$0")/migrate_lib.sh"
certificate "$work/ca" "$work/poold"
first=$(free_ports 3)
port[poold]=$first port[one]=$((first + 1)) port[two]=$((first + 2))
for host in one two; do
	host_also[$host]="volume-folder=$work/$host/volumes"$'\n'$'volume-size-mib=64\nvolume-stock=1'
	listen_also[$host]=$(printf 'tls-address=127.0.0.1\ntls-port=%s' "${port[$host]}")
	pool_also[$host]=$(printf 'url=https://127.0.0.1:%s\nown-url=https://127.0.0.1:%s\nmtp-address=%s.example' "${port[poold]}" "${port[$host]}" "$host")
done
{
	printf '[database]\npath=%s/pool.db\n[pool]\ninterval-ms=200\n[listen]\nunix=%s/poold.sock\n' "$work" "$work"
	printf 'tls-address=127.0.0.1\ntls-port=%s\ncertificate=%s/poold.pem\nkey=%s/poold.key\nclient-ca=%s/ca.pem\n' \
		"${port[poold]}" "$work" "$work" "$work"
	printf '[hosts]\nca=%s/ca.pem\ncertificate=%s/poold.pem\nkey=%s/poold.key\n' "$work" "$work" "$work"
} >"$work/poold.conf"
pool_start() {
	"$bin/poold" --config "$work/poold.conf" 2>>"$work/poold.log" &
	pids[poold]=$!
	check_soon 'poold is ready' 200 host_ready poold
}
qvmi() { "$bin/qvmi" --server "unix:$work/poold.sock" "$@" 2>&1; }
reachable() { for host in one two; do ask poold "/v1/hosts/$host" .state; done | xargs; }
# Which host has the volume of USER, by the record and by what the hosts say.
volume_of() {
	local id host
	read -r id host <<<"$(ask poold "/v1/volumes?user=$1" '.volumes[] | "\(.id) \(.host)"')"
	echo "$host" "$(for host in one two; do ask "$host" "/v1/volumes/$id" ".id | select(. == \"$id\") | \"$host\""; done)"
}
lease() { # lease USER: sets body
	api poold POST /v1/leases "{\"user\":\"$1\",\"pool\":\"p\"}"
}

host_start one
build_template "$tiny/manifest.json"
host_start two
pool_start
check_soon 'both hosts are there' 'reachable reachable' reachable
api poold PATCH /v1/hosts/two '{"duty":"draining"}'
api poold POST /v1/pools '{"name":"p","template":"tiny","ready":0,"max":8,"volumes":true}'
declare -A phone=()
for user in ann bob; do
	lease "$user"
	phone[$user]=$(field .phone.uuid)
	check "$user's is on one" "$code $(field .host.id)" '201 one'
done
api poold PATCH /v1/hosts/two '{"duty":"active"}'

# --- one, by order ---
check 'to a host that there is not' "$(qvmi vm migrate "${phone[ann]}" --to three)" "*no host 'three'*"
check 'to where it is' "$(qvmi vm migrate "${phone[ann]}" --to one)" '*already*'
check 'it moves' "$(qvmi vm migrate "${phone[ann]}" --to two)" '*is on host two; it stood still for * ms*'
check 'the record says so' "$(ask poold "/v1/phones/${phone[ann]}" '"\(.host) \(.state) \(.moving_to)"')" 'two running null'
lease ann
check 'her lease leads there' "$(field '"\(.phone.uuid) \(.host.id) \(.host.mtp.address)"')" "${phone[ann]} two two.example"
check_soon 'and it runs once' 'two running' where "${phone[ann]}"
check_soon 'with her volume' 'two two' volume_of ann
api poold POST "/v1/phones/${phone[ann]}/stop" '{"force":true}'
check 'orders reach it there' "$code $(where "${phone[ann]}")" '200 two off'

# --- a poold that is killed over it ---
for delay in 0.1 0.4; do
	api poold POST "/v1/phones/${phone[bob]}/migrate" '{}'
	check "a move is ordered, to $(field .to)" "$code" 202
	sleep "$delay"
	host_end KILL poold
	pool_start
	check_soon 'it is settled' null ask poold "/v1/phones/${phone[bob]}" .moving_to
	at=$(ask poold "/v1/phones/${phone[bob]}" .host)
	check_soon "and is where the record says, on $at" "$at running" where "${phone[bob]}"
	check_soon 'so is his volume' "$at $at" volume_of bob
done

# --- all of a host ---
api poold POST "/v1/phones/${phone[ann]}/start"
check 'hers is started again' "$code" 200
api poold POST "/v1/phones/${phone[bob]}/migrate" '{"to":"two"}'
check_soon 'both are on two' 'two running' where "${phone[bob]}"
check_soon 'and recorded there' null ask poold "/v1/phones/${phone[bob]}" .moving_to
check 'the host is drained' "$(qvmi host drain two --migrate)" '*host two takes no new phones*2 phones have moved*'
for user in ann bob; do
	check_soon "$user's is on one" 'one running' where "${phone[$user]}"
	check_soon "with $user's volume" 'one one' volume_of "$user"
done
api poold PATCH /v1/hosts/two '{"duty":"active"}'
api one DELETE "/v1/phones/${phone[ann]}/volume"
check 'a volume is unmounted by hand' "$code" 200
check 'which is not what is recorded' "$(qvmi vm migrate "${phone[ann]}" --to two)" '*its volume is none here*'
check 'keeps the phone where it is' "$(where "${phone[ann]}")" 'one running'
check 'nothing is on two' "$(ls "$work/two/phones")" ''
for user in ann bob; do api poold DELETE "/v1/phones/${phone[$user]}?force=true"; done
for daemon in poold one two; do host_end TERM "$daemon"; done
finish
