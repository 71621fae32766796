#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Moving a phone when something is wrong: who may not bring one, what a host lacks, a cancelled move, and both daemons killed in the
# middle. Whatever happens, the phone runs on one host, and as it was.
# shellcheck source=tests/integration/migrate_lib.sh
source "$(dirname "$0")/migrate_lib.sh"
truncate -s 16M "$work/disk.raw"
host_start one
build_template "$(tiny_manifest diskful ".image.disk = \"$work/disk.raw\" | .name = \"diskful\"")"
host_start two
api one POST /v1/phones '{"template":"diskful"}'
uuid=$(field .uuid)
check_soon 'its agent answers' true ask one "/v1/phones/$uuid" .agent.identity
fresh=$(picture one "$uuid")
api one POST "/v1/phones/$uuid/applications" '{"id":"org.qvmi.Card"}'
check_soon 'the application has drawn' differs differs one "$uuid" "$fresh"
left=$(picture one "$uuid")
stays() { # stays WHAT WORDS: the move fails, and the phone is as it was
	moved one failed
	check "$1: why" "$(field .error.detail)" "$2"
	check "$1: it goes on where it was" "$(where "$uuid") $(picture one "$uuid")" "one running $left"
	check_soon "$1: nothing of it is on the other" '' our_qemus two
}

# --- who may not ---
ticket=$(cat /proc/sys/kernel/random/uuid) place=127.0.0.1:${port[two-link]}
api one POST "/v1/phones/$uuid/migrate" "{\"to\":\"$place\",\"ticket\":\"$ticket\"}"
operation=$(field .id)
stays 'without a ticket' '*two does not expect this phone*'
move_as() { # move_as FROM: with a ticket for that host
	invite "$uuid" "$1" two
	api one POST "/v1/phones/$uuid/migrate" "{\"to\":\"$place\",\"ticket\":\"$ticket\"}"
	operation=$(field .id)
}
move_as three
stays 'with another host'\''s ticket' "*the ticket is host three's*"
invite "$(cat /proc/sys/kernel/random/uuid)" one two
api one POST "/v1/phones/$uuid/migrate" "{\"to\":\"$place\",\"ticket\":\"$ticket\"}"
operation=$(field .id)
stays 'with another phone'\''s ticket' '*another phone*'
hello() { # hello CERTIFICATE: what the other host says to one that shows it
	printf '{"ticket":"%s","do":"run"}\n' "$ticket" | timeout 10 openssl s_client -quiet -connect "$place" -CAfile "$work/ca.pem" \
		-cert "$work/$1.pem" -key "$work/$1.key" 2>/dev/null || true
}
check 'a daemon'\''s certificate is no host'\''s' "$(hello qvisord)" '*only hosts bring phones*'
api two POST /v1/arrivals "{\"phone\":\"$uuid\",\"from\":\"two\"}"
check 'to itself' "$code $(field .detail)" '409 *is on*'
api one POST /v1/arrivals "{\"phone\":\"$uuid\",\"from\":\"two\"}"
check 'to where it is' "$code $(field .detail)" '409 *is on this host*'
api one POST "/v1/phones/$uuid/migrate" '{"to":"nowhere","ticket":"x"}'
operation=$(field .id)
stays 'to no place' '*no HOST:PORT*'

# --- what the other host lacks ---
lacking() { # lacking WHAT WORDS
	move "$uuid" one two
	stays "$1" "$2"
	host_end TERM two
}
host_end TERM two
if unshare --user --map-root-user --net true 2>/dev/null; then
	network=internet host_start two
	lacking 'another network' '*its host'\''s "isolated", and host two has "internet"*'
else
	echo 'SKIP no user namespaces (as in a chroot): no host with a network is tried'
fi
reserve[two]=999999
host_start two
lacking 'no room on the disk' '*MiB of disk free*'
reserve[two]=1
mv "$work/two/templates" "$work/two/kept"
mkdir "$work/two/templates"
host_start two
lacking 'no such template' '*does not have the template "diskful" with the same contents*'
rm -r "$work/two/templates"
mv "$work/two/kept" "$work/two/templates"
move_to_nobody() {
	api one POST "/v1/phones/$uuid/migrate" "{\"to\":\"$place\",\"ticket\":\"$ticket\"}"
	operation=$(field .id)
}
move_to_nobody
stays 'nobody there' '*refused*'

# --- cancelled ---
host_start two
move "$uuid" one two
api one DELETE "/v1/operations/$operation"
check_soon 'a cancelled move ends' '@(cancelled|succeeded)' ask one "/v1/operations/$operation" .state
check_soon 'and the phone runs once' '@(one|two) running' where "$uuid"

# --- killed in the middle ---
RANDOM=${SEED:-1}
for ((round = 0; round < ${KILLS:-2}; round++)); do
	victim=$( ((round % 2)) && echo two || echo one) delay=0.$(printf %03d $((RANDOM % 600)))
	read -r from _ <<<"$(where "$uuid")"
	to=$([ "$from" = one ] && echo two || echo one)
	check_soon "$from: its agent answers" 'true true' ask "$from" "/v1/phones/$uuid" '"\(.agent.ready) \(.agent.identity)"'
	move "$uuid" "$from" "$to"
	check 'a move begins' "$code $body" '202 *'
	sleep "$delay"
	host_end KILL "$victim"
	host_start "$victim"
	eventually settled || true
	check "$victim killed after $delay s of a move from $from: it runs once" "$(where "$uuid")" '@(one|two) running'
	read -r from _ <<<"$(where "$uuid")"
	check "on $from, as it was" "$(picture "$from" "$uuid")" "$left"
	check_soon 'by one QEMU' 1 eval 'our_qemus | wc -l'
done
check_soon 'its agent answers' 'true true' ask "$from" "/v1/phones/$uuid" '"\(.agent.ready) \(.agent.identity)"'
api "$from" POST "/v1/phones/$uuid/applications" '{"id":"org.qvmi.Card"}'
check 'and it is not stuck' "$code" 200
api "$from" DELETE "/v1/phones/$uuid"
for host in one two; do host_end TERM "$host"; done
finish
