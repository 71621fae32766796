#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A phone's processors and memory are changed: from its next boot on, through suspending, snapshots and another qvisord; and refused
# where that cannot be.
# shellcheck source=tests/integration/qvisor_lib.sh
source "$(dirname "$0")/qvisor_lib.sh"
truncate -s 16M "$work/disk.raw"
with_disk=$(tiny_manifest with-disk ".image.disk = \"$work/disk.raw\" | .name = \"diskful\"")
memory=$(jq .machine.memory_mib "$with_disk")
more=$((memory * 2))
start_qvisord 1
build_template "$with_disk"
api POST /v1/phones '{"template":"diskful"}'
uuid=$(field .uuid)
check 'a clone has its template'\''s machine' "$(field '"\(.cpus) \(.memory_mib) \(.next_start)"')" "1 $memory null"
option() { tr '\0' '\n' <"/proc/$(jq .pid "$state/$uuid/phone.json")/cmdline" | grep -x -A1 -e "$1" | tail -n 1; }
machine() { field '"\(.state) \(.cpus) \(.memory_mib) \(.next_start)"'; }

for wrong in '{}' '{"cpus":0}' '{"cpus":1000}' '{"memory_mib":63}' '{"memory_mib":2000000000}' '{"memory_mib":99999999999}' \
	'{"cpus":"2"}' '{"disk_mib":1}' '{"cpus":1,"x":2}' '[]' ''; do
	api PATCH "/v1/phones/$uuid" "$wrong"
	check "refused: $wrong" "$code" 400
done
api PATCH "/v1/phones/00000000-0000-4000-8000-000000000000" '{"cpus":1}'
check 'a phone that is not there' "$code" 404
api PATCH "/v1/phones/$uuid" "{\"memory_mib\":$more}"
check 'more memory, from the next boot on' "$code $(machine)" "200 running 1 $memory {\"cpus\":1,\"memory_mib\":$more}"

end_qvisord KILL
start_qvisord 1
api POST "/v1/phones/$uuid/suspend"
api POST "/v1/phones/$uuid/start"
check 'resumed it is as it was' "$(machine)" "running 1 $memory {\"cpus\":1,\"memory_mib\":$more}"
api POST "/v1/phones/$uuid/stop" '{"force":true}'
api POST "/v1/phones/$uuid/start"
check 'booted it has it' "$(machine)" "running 1 $more null"
check 'as QEMU knows' "$(option -m)" "${more}M"
wait_for 60 "/v1/phones/$uuid" .agent.ready
api POST "/v1/phones/$uuid/snapshots" '{"name":"large"}'
check 'a snapshot of it' "$code" 201

# What it is now is what its saved state needs, whatever is ordered meanwhile.
api PATCH "/v1/phones/$uuid" "{\"memory_mib\":$memory,\"cpus\":2}"
api POST "/v1/phones/$uuid/suspend"
check 'suspended' "$(field .state)" suspended
api POST "/v1/phones/$uuid/start"
check 'and resumed, with the memory it had' "$code $(machine)" "200 running 1 $more {\"cpus\":2,\"memory_mib\":$memory}"
api POST "/v1/phones/$uuid/stop" '{"force":true}'
api POST "/v1/phones/$uuid/start"
check 'less memory, another processor' "$(machine) $(option -smp) $(option -m)" "running 2 $memory null 2 ${memory}M"
wait_for 60 "/v1/phones/$uuid" .agent.ready
api POST "/v1/phones/$uuid/snapshots/large/restore"
check 'the snapshot comes back with its own machine' "$code $(machine)" "200 running 1 $more {\"cpus\":2,\"memory_mib\":$memory}"
api POST "/v1/phones/$uuid/reset"
check 'reset it is its template'\''s clone, and the order stands' "$(machine)" "running 1 $memory {\"cpus\":2,\"memory_mib\":$memory}"
api DELETE "/v1/phones/$uuid"

build_template "$tiny/manifest.json"
api POST /v1/phones '{"template":"tiny"}'
uuid=$(field .uuid)
api PATCH "/v1/phones/$uuid" '{"cpus":2}'
check 'one without a disk is refused' "$code $(field .detail)" '409 *no disk*'
api DELETE "/v1/phones/$uuid"

# --- at once ---
roomy=$(tiny_manifest roomy ".image.disk = \"$work/disk.raw\" | .name = \"roomy\" | .machine.max_cpus = 2 | .machine.max_memory_mib = $memory + 256")
build_template "$roomy"
api POST /v1/phones '{"template":"roomy"}'
uuid=$(field .uuid)
wait_for 60 "/v1/phones/$uuid" '.agent.ready and .agent.identity'
larger=$((memory + 128)) largest=$((memory + 256))
api PATCH "/v1/phones/$uuid" "{\"cpus\":2,\"memory_mib\":$larger}"
check 'a processor and a DIMM at once, and the guest uses them' "$code $(machine)" "200 running 2 $larger null"
check 'none of it is in the template' "$(option -smp) $(option -m)" "1,maxcpus=2* ${memory}M,slots=2*"
api PATCH "/v1/phones/$uuid" "{\"memory_mib\":$((larger + 1))}"
check 'what is no whole DIMM waits' "$code $(machine)" "200 running 2 $larger {\"cpus\":2,\"memory_mib\":$((larger + 1))}"
api PATCH "/v1/phones/$uuid" "{\"memory_mib\":$largest}"
check 'another DIMM' "$code $(machine)" "200 running 2 $largest null"
api POST "/v1/phones/$uuid/applications" '{"id":"org.qvmi.Discard"}'
said "$uuid" 'discard: disk'
check 'the guest can fill more memory than it had' "$(($(sed -n 's/^discard: memory \([0-9]*\) MiB$/\1/p' "$work/console.$uuid") > memory))" 1
end_qvisord KILL
start_qvisord 1
wait_for 60 "/v1/phones/$uuid" '.agent.connected'
check 'a new qvisord knows' "$(machine)" "running 2 $largest null"
api POST "/v1/phones/$uuid/snapshots" '{"name":"plugged"}'
api POST "/v1/phones/$uuid/suspend"
check 'it is suspended' "$(field .state)" suspended
api POST "/v1/phones/$uuid/start"
check 'and resumed with what was plugged' "$code $(machine)" "200 running 2 $largest null"
wait_for 60 "/v1/phones/$uuid" .agent.ready
api PATCH "/v1/phones/$uuid" "{\"cpus\":1}"
check 'less waits' "$(machine)" "running 2 $largest {\"cpus\":1,\"memory_mib\":$largest}"
api POST "/v1/phones/$uuid/stop" '{"force":true}'
api POST "/v1/phones/$uuid/start"
check 'it boots with what was ordered' "$(machine) $(option -smp) $(option -m)" "running 1 $largest null 1,maxcpus=2* ${largest}M"
api POST "/v1/phones/$uuid/snapshots/plugged/restore"
check 'and comes back to the snapshot with all of it' "$code $(machine)" "200 running 2 $largest {\"cpus\":1,\"memory_mib\":$largest}"
wait_for 60 "/v1/phones/$uuid" .agent.ready
api DELETE "/v1/phones/$uuid"
end_qvisord TERM
finish
