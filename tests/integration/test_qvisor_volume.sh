#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A user's volume: outlives phones, reset and crashes, is with one phone at a time, says nothing without its key, and goes with a wipe.
# shellcheck source=tests/integration/qvisor_lib.sh
source "$(dirname "$0")/qvisor_lib.sh"
volumes=$work/volumes
host_also="volume-folder=$volumes
volume-size-mib=64
volume-stock=2"
start_qvisord
build_template "$tiny/manifest.json"

clone() { # clone [JSON members]: sets uuid
	api POST /v1/phones "{\"template\":\"tiny\"${1:+,$1}}"
	check "a clone${1:+ with $1}" "$code" 201
	uuid=$(field .uuid)
	wait_for 20 "/v1/phones/$uuid" '.agent.ready and .agent.identity'
}
# The tiny guest leaves a line at home with each launch, and says on its console how many are there now.
launches() { # launches PHONE N: launches once more, and waits until that many are there
	local said='' i
	api POST "/v1/phones/$1/applications" '{"id":"org.qvmi.Card"}'
	for ((i = 0; i < 200; i++)); do
		said+=$(curl -s -m 20 --unix-socket "$work/qvisord.sock" "http://q/v1/phones/$1/console" | tr -d '\r')
		[[ $said == *"home: "$2" launches"* ]] && break
		sleep 0.1
	done
	check "its home has seen $2 launches" "$(grep -o 'home: .*' <<<"$said" | tail -n 1)" "home: $2 launches"
}
destroy() { api DELETE "/v1/phones/$1"; check 'a phone is destroyed' "$code" 204; }

# --- a new user ---
wait_for 60 /v1/volumes '.ready == 2'
api POST /v1/volumes
check 'a volume' "$code" 201
user=$(field .id)
check 'of that size, empty, nobody has it' "$(field '[.size_mib, .used_mib < 16, .phone] | @csv')" '64,true,'
check 'which only we may read' "$(stat -c %a "$volumes/$user" "$volumes/$user"/* | sort -u | xargs)" '@(600 644 700|600 700)'
clone "\"volume\":\"$user\",\"name\":\"first\""
first=$uuid
check 'has it mounted' "$(api GET "/v1/phones/$first"; field '[.volume.id, .volume.state] | @csv')" "\"$user\",\"mounted\""
launches "$first" 1
launches "$first" 2
clone
launches "$uuid" 1 # somebody else's: nothing of the user is in it
other=$uuid

# --- one phone at a time ---
api GET "/v1/volumes/$user"
check 'it says who has it' "$(field .phone)" "$first"
api PUT "/v1/phones/$other/volume" "{\"id\":\"$user\"}"
check 'no second phone gets it' "$code $(field .detail)" "409 *$first*"
api POST /v1/phones "{\"template\":\"tiny\",\"volume\":\"$user\"}"
check 'nor a new one' "$code" 409
api DELETE "/v1/volumes/$user"
check 'and it cannot be deleted' "$code $(field .detail)" "409 *$first*"

# --- it outlives its phone ---
destroy "$first"
check 'the volume stays' "$(api GET "/v1/volumes/$user"; field '[.id, .phone] | @csv')" "\"$user\","
check 'and says nothing without its key' "$(grep -c 'a secret of first' "$volumes/$user/disk.luks" || true)" 0
clone "\"volume\":\"$user\",\"name\":\"second\""
launches "$uuid" 3
second=$uuid

# --- reset, suspend ---
api POST "/v1/phones/$second/reset"
check 'a phone is reset' "$code" 200
wait_for 20 "/v1/phones/$second" '.volume.state == "mounted"'
launches "$second" 4
api POST "/v1/phones/$second/suspend"
check 'it is suspended with its volume' "$code $(field '[.state, .volume.id] | @csv')" "200 \"suspended\",\"$user\""
api DELETE "/v1/phones/$second/volume"
check 'and keeps it' "$code" 409
api POST "/v1/phones/$second/start"
check 'it is resumed, and has what it had mounted' "$code $(field .volume.state)" '200 mounted'
launches "$second" 5

# --- moved from phone to phone while they run ---
api DELETE "/v1/phones/$second/volume"
check 'it lets go' "$code $(field .volume)" '200 null'
launches "$second" 1
api PUT "/v1/phones/$other/volume" "{\"id\":\"$user\"}"
check 'another phone that runs takes it' "$code $(field .volume.state)" '200 mounted'
launches "$other" 6
api PUT "/v1/phones/$other/volume" "{\"id\":\"$user\"}"
check 'again is no error' "$code" 200
api PUT "/v1/phones/$second/volume" '{"id":"00000000-0000-4000-8000-000000000001","create":true}'
check 'a new user gets one by the way' "$code $(field .volume.state)" '200 mounted'
launches "$second" 1

# --- the daemon dies ---
end_qvisord KILL
start_qvisord
wait_for 30 "/v1/phones/$other" '.volume.state == "mounted"'
launches "$other" 7
for delay in 0.01 0.05 0.1 0.2; do
	api DELETE "/v1/phones/$other/volume"
	check 'it lets go' "$code" 200
	curl -s -m 5 -o /dev/null --unix-socket "$work/qvisord.sock" -X PUT -H 'Content-Type: application/json' \
		-d "{\"id\":\"$user\"}" "http://q/v1/phones/$other/volume" &
	sleep "$delay"
	end_qvisord KILL
	start_qvisord
	api PUT "/v1/phones/$other/volume" "{\"id\":\"$user\"}"
	check "killed $delay s into attaching: attached at last" "$code $(field .volume.state)" '200 mounted'
done
launches "$other" 8
kill -9 "$(api GET "/v1/phones/$other"; field .pid)"
wait_for 20 "/v1/phones/$other" '.state == "failed"'
check 'a phone that died keeps its volume' "$(field .volume.id)" "$user"
api POST "/v1/phones/$other/start"
wait_for 30 "/v1/phones/$other" '.volume.state == "mounted"'
launches "$other" '+([0-9])' # what the plug pull left

# --- damage ---
destroy "$other"
cp "$volumes/$user/disk.luks" "$work/whole.luks"
printf 'XXXXXXXX' | dd of="$volumes/$user/disk.luks" bs=1 seek=0 conv=notrunc status=none
clone
other=$uuid
api PUT "/v1/phones/$other/volume" "{\"id\":\"$user\"}"
check 'a damaged one is refused' "$code $(field .detail)" '500 *was left as it is*'
api DELETE "/v1/phones/$other/volume"
cp "$work/whole.luks" "$volumes/$user/disk.luks"
mv "$volumes/$user/key" "$work/key"
cp "$volumes/00000000-0000-4000-8000-000000000001/key" "$volumes/$user/key"
api PUT "/v1/phones/$other/volume" "{\"id\":\"$user\"}"
check 'so is one with another key' "$code $(field .detail)" '500 *was left as it is*'
api DELETE "/v1/phones/$other/volume"
cp "$work/key" "$volumes/$user/key"
api PUT "/v1/phones/$other/volume" "{\"id\":\"$user\"}"
check 'the whole one is mounted after all that' "$code $(field .volume.state)" '200 mounted'

# --- wipe ---
key=$(od -An -tx1 "$volumes/$user/key" | tr -d ' \n')
api POST "/v1/phones/$other/wipe"
check 'a phone is wiped' "$code $(field '[.state, .volume] | @csv')" '200 "off",'
check 'and the volume has gone with it' "$(api GET "/v1/volumes/$user"; echo "$code"; ls "$volumes" | grep "$user")" 404
check 'a copy of it is noise' "$(grep -c 'a secret of' "$work/whole.luks" || true)" 0
check 'the key is nowhere' "$(grep -D skip -rla "$key" "$work" || true)" ''

# --- wrong requests ---
api GET /v1/volumes/../../etc
check 'no such volume' "$code" 404
api POST /v1/volumes '{"id":"../evil"}'
check 'no such id' "$code" 400
api PUT "/v1/phones/$other/volume" '{}'
check 'an id is needed' "$code $(field .detail)" '400 *id*'
api PUT "/v1/phones/$other/volume" '{"id":"00000000-0000-4000-8000-000000000002"}'
check 'no such volume' "$code" 404
destroy "$other"
destroy "$second"
api DELETE /v1/volumes/00000000-0000-4000-8000-000000000001
check 'a volume is deleted' "$code" 204
mkdir "$volumes/.part-x"
end_qvisord TERM
start_qvisord
wait_for 60 /v1/volumes '.ready == 2'
check 'only the stock is left' "$(ls -A "$volumes" | sed 's/-.*//' | xargs)" '.ready .ready'
end_qvisord TERM
finish
