#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A phone moves with its user's volume: running, suspended and off; what the user has written is there, its key is on the new host and
# nowhere on the old one. Both daemons are killed in the middle: the volume is where the phone is.
# shellcheck source=tests/integration/migrate_lib.sh
source "$(dirname "$0")/migrate_lib.sh"
keep_volumes() { # keep_volumes HOST
	host_also[$1]="volume-folder=$work/$1/volumes"$'\n'$'volume-size-mib=64\nvolume-stock=1'
}
keep_volumes one
truncate -s 16M "$work/disk.raw"
host_start one
build_template "$(tiny_manifest diskful ".image.disk = \"$work/disk.raw\" | .name = \"diskful\"")"
ready() { check_soon "its agent answers on $1" 'true true mounted' ask "$1" "/v1/phones/$uuid" '"\(.agent.ready) \(.agent.identity) \(.volume.state)"'; }
# The tiny guest leaves a line at home with each launch, and says how many are there.
count=0
says_launches() { # says_launches HOST
	curl -s -m 60 --unix-socket "$work/$1.sock" "http://q/v1/phones/$uuid/console" | tr -d '\r' >>"$work/console"
	grep -o 'home: [0-9]* launches' "$work/console" | tail -n 1
}
launch() { # launch HOST: once more; its home has seen them all
	count=$((count + 1))
	api "$1" POST "/v1/phones/$uuid/applications" '{"id":"org.qvmi.Card"}'
	check_soon "its home on $1 has seen $count launches" "home: $count launches" says_launches "$1"
}
# Hosts that have the volume, and those that have anything of it.
volume_at() {
	local host
	for host in one two; do
		[ "$(ask "$host" "/v1/volumes/$volume" .id)" = "$volume" ] && echo "$host"
		ls -A "$work/$host/volumes" 2>/dev/null | grep -F "$volume" | grep -v "^$volume$"
	done | xargs
}

volume=$(cat /proc/sys/kernel/random/uuid)
api one POST /v1/volumes "{\"id\":\"$volume\"}"
check 'a volume' "$code" 201
api one POST /v1/phones "{\"template\":\"diskful\",\"volume\":\"$volume\"}"
uuid=$(field .uuid)
ready one
launch one
launch one
bytes=$(od -An -v -tx1 "$work/one/volumes/$volume/key" | tr -d ' \n')

# --- to a host that has nowhere to put it ---
host_start two
move "$uuid" one two
moved one failed
check 'a host without volumes does not take it' "$(field .error.detail)" '*keeps no users'\'' volumes*'
check 'and it stays' "$(where "$uuid")" 'one running'
host_end TERM two
keep_volumes two
reserve[two]=999999
host_start two
move "$uuid" one two
moved one failed
check 'nor one without room' "$(field .error.detail)" '*MiB of disk free*'
host_end TERM two
reserve[two]=1
host_start two
mkdir "$work/two/volumes/$volume"
echo somebody >"$work/two/volumes/$volume/key"
move "$uuid" one two
moved one failed
check 'nor one that has such a volume' "$(field .error.detail)" "*has a volume $volume already*"
check 'which it leaves as it is' "$(cat "$work/two/volumes/$volume/key")" somebody
rm -r "$work/two/volumes/$volume"
launch one

# --- running, suspended, off ---
move "$uuid" one two
moved one succeeded
echo "     $(field '.result | "downtime_ms=\(.downtime_ms) total_ms=\(.total_ms) memory_bytes=\(.memory_bytes) file_bytes=\(.file_bytes)"')"
check_soon 'it runs there' 'two running' where "$uuid"
check_soon 'with its volume, which is nowhere else' two volume_at
ready two
launch two
has_key() { # has_key HOST: files there in which the volume's key is
	local file
	while IFS= read -r file; do
		! od -An -v -tx1 "$file" | tr -d ' \n' | grep -qF "$bytes" || echo "${file#"$work/"}"
	done < <(find "$work/$1" -type f -size -2M) | xargs
}
check 'its key is there' "$(has_key two)" "two/volumes/$volume/key"
check_soon 'and nowhere on the host that it has left' '' has_key one
api two POST "/v1/phones/$uuid/suspend"
move "$uuid" two one
moved two succeeded
check_soon 'suspended it goes back with it' 'one suspended' where "$uuid"
check_soon 'all of it' one volume_at
api one POST "/v1/phones/$uuid/start"
ready one
launch one
api one POST "/v1/phones/$uuid/stop" '{"timeout_s":60}'
move "$uuid" one two
moved one succeeded
check_soon 'and off' 'two off' where "$uuid"
check_soon 'as well' two volume_at
api two POST "/v1/phones/$uuid/start"
ready two
launch two

# --- killed in the middle ---
RANDOM=${SEED:-1}
for ((round = 0; round < ${KILLS:-2}; round++)); do
	victim=$( ((round % 2)) && echo two || echo one) delay=0.$(printf %03d $((100 + RANDOM % 400)))
	read -r from _ <<<"$(where "$uuid")"
	to=$([ "$from" = one ] && echo two || echo one)
	ready "$from"
	move "$uuid" "$from" "$to"
	check 'a move begins' "$code $body" '202 *'
	sleep "$delay"
	host_end KILL "$victim"
	host_start "$victim"
	eventually settled || true
	check "$victim killed after $delay s of a move from $from: it runs once" "$(where "$uuid")" '@(one|two) running'
	read -r from _ <<<"$(where "$uuid")"
	check_soon "on $from, with its volume, which is nowhere else" "$from" volume_at
	ready "$from"
	launch "$from"
	check_soon 'the key is only there' "$from/volumes/$volume/key" eval 'echo $(has_key one) $(has_key two)'
done

# --- wiped where it has come to ---
api "$from" POST "/v1/phones/$uuid/wipe"
check 'it is wiped' "$code" 200
check 'and its volume is nowhere' "$(volume_at) $(has_key one) $(has_key two)" '  '
api "$from" DELETE "/v1/phones/$uuid"
for host in one two; do host_end TERM "$host"; done
finish
