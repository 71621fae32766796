#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The network between two hosts is cut in the middle of a move, and comes back: the phone runs on one of them all the time but for the
# seconds until the loss is noticed, and never on both.
if [ -z "${CUT_INSIDE:-}" ]; then
	if ! unshare --net true 2>/dev/null || ! command -v nft >/dev/null; then
		echo 'SKIP no network namespace or no nft: nothing can be cut'
		exit 0
	fi
	CUT_INSIDE=1 exec unshare --net "$0"
fi
# shellcheck source=tests/integration/migrate_lib.sh
source "$(dirname "$0")/migrate_lib.sh"
ip link set lo up
host_start one
build_template "$tiny/manifest.json"
host_start two
api one POST /v1/phones '{"template":"tiny"}'
uuid=$(field .uuid)
cut() { nft add table inet cut && nft "add chain inet cut out { type filter hook output priority 0; }" &&
	nft add rule inet cut out tcp dport "{ ${port[one-link]}, ${port[two-link]} }" drop &&
	nft add rule inet cut out tcp sport "{ ${port[one-link]}, ${port[two-link]} }" drop; }
mend() { nft delete table inet cut; }
RANDOM=${SEED:-1}
for ((round = 0; round < ${CUTS:-1}; round++)); do
	check_soon 'the phone runs once' '@(one|two) running' where "$uuid"
	read -r from _ <<<"$(where "$uuid")"
	to=$([ "$from" = one ] && echo two || echo one)
	check_soon 'its agent answers' 'true true' ask "$from" "/v1/phones/$uuid" '"\(.agent.ready) \(.agent.identity)"'
	move "$uuid" "$from" "$to"
	delay=0.$(printf %03d $((RANDOM % 450)))
	sleep "$delay"
	cut
	check_soon "cut after $delay s: the move ends, or waits for an answer" '@(failed|succeeded|running asking*)' \
		ask "$from" "/v1/operations/$operation" '.state + (if .state == "running" then " " + .stage else "" end)'
	echo "     $(ask "$from" "/v1/operations/$operation" '"\(.state) \(.stage) \(.error.detail // "")"')"
	mend
	eventually settled || true
	check 'mended, it runs once' "$(where "$uuid")" '@(one|two) running'
	check_soon 'by one QEMU' 1 eval 'our_qemus | wc -l'
done
check_soon 'it runs once' '@(one|two) running' where "$uuid"
read -r from _ <<<"$(where "$uuid")"
api "$from" DELETE "/v1/phones/$uuid"
for host in one two; do host_end TERM "$host"; done
finish
