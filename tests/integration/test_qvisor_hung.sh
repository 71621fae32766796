#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A QEMU that does not answer (SIGSTOP): found, no other phone waits for it, and it is dealt with by policy.
# shellcheck source=tests/integration/qvisor_lib.sh
source "$(dirname "$0")/qvisor_lib.sh"
ms() { echo $(($(date +%s%N) / 1000000)); }

start_qvisord
build_template "$tiny/manifest.json"
uuids=() pids=()
for i in 1 2; do
	api POST /v1/phones '{"template":"tiny"}'
	check "phone $i" "$code" 201
	uuids+=("$(field .uuid)") pids+=("$(field .pid)")
done
for uuid in "${uuids[@]}"; do wait_for 20 "/v1/phones/$uuid" '.agent.ready and .health == "ok"'; done

# --- found, and told ---
kill -STOP "${pids[0]}"
begin=$(ms)
wait_for 30 "/v1/phones/${uuids[0]}" '.health == "hung"'
echo "     found after $(($(ms) - begin)) ms"
api GET "/v1/phones/${uuids[0]}"
check 'why is said' "$(field .reason)" "*pid ${pids[0]}*stopped by a signal*"
check 'its agent does not count as ready' "$(field .agent.ready)" false
check 'it is counted' "$(curl -s --unix-socket "$work/qvisord.sock" http://q/metrics | grep '^qvmi_phones_hung')" '* 1'

# --- the others do not wait for it ---
curl -s -m 20 -o /dev/null --unix-socket "$work/qvisord.sock" "http://q/v1/phones/${uuids[0]}/console" &
waits=$!
begin=$(ms)
api GET "/v1/phones/${uuids[1]}/console"
check 'the other phone answers, while this one does not' "$code $(kill -0 "$waits" && echo waits)" '200 waits'
echo "     in $(($(ms) - begin)) ms"
wait "$waits" || true
check 'the other phone is well' "$(api GET "/v1/phones/${uuids[1]}"; field .health)" ok

# --- it goes on ---
kill -CONT "${pids[0]}"
wait_for 30 "/v1/phones/${uuids[0]}" '.health == "ok" and .agent.ready and (.reason | not)'
check 'one that goes on is well again' "$(field .pid)" "${pids[0]}"

# --- adopted while it hangs ---
kill -STOP "${pids[0]}"
end_qvisord KILL
start_qvisord
wait_for 30 "/v1/phones/${uuids[0]}" '.health == "hung"'
check 'an adopted one is found, too' "$(field .pid)" "${pids[0]}"
api POST "/v1/phones/${uuids[0]}/stop" '{"force":true}'
check 'it can be stopped by force' "$code $(field .state)" '200 off'
api POST "/v1/phones/${uuids[0]}/start"
check 'and started again' "$code $(field .state)" '200 running'
end_qvisord TERM

# --- by policy ---
phone_also=$'hung=restart\nhung-grace-s=0'
start_qvisord
api GET "/v1/phones/${uuids[1]}"
kill -STOP "${pids[1]}"
wait_for 30 "/v1/phones/${uuids[1]}" ".state == \"running\" and .health == \"ok\" and .pid != ${pids[1]}"
check 'a hung phone is started anew' "$(field '.health')" ok
alive() { [ ! -d "/proc/${pids[1]}" ] || cut -d' ' -f3 "/proc/${pids[1]}/stat"; }
check_soon 'and its old QEMU is gone' '*([Z])' alive
end_qvisord TERM
phone_also=$'hung=stop\nhung-grace-s=0'
start_qvisord
api GET "/v1/phones/${uuids[1]}"
kill -STOP "$(field .pid)"
wait_for 30 "/v1/phones/${uuids[1]}" '.state == "off"'
check 'or ended, and why is said' "$(field .reason)" '*hung for * s*hung=stop*'
end_qvisord TERM
check 'another policy is refused' "$(QVISORD_PHONE_HUNG=maybe "$qvisord" --config "$work/qvisord.conf" 2>&1 || true)" '*"report", "stop" or "restart"*'
phone_also=''
start_qvisord
for uuid in "${uuids[@]}"; do api DELETE "/v1/phones/$uuid"; done
end_qvisord TERM
finish
