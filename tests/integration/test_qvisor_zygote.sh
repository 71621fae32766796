#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Clones that are forked: each a phone of its own, whoever it came from and whoever dies; and what cannot be forked is loaded.
# shellcheck source=tests/integration/qvisor_lib.sh
source "$(dirname "$0")/qvisor_lib.sh"
zygotes=1
truncate -s 16M "$work/disk.raw"
start_qvisord
zygote() { api GET /v1/host; field '.zygotes.zygotes[0] | "\(.pid) \(.state)"'; }
api GET /v1/host
check 'none before the first clone' "$(field '.zygotes | "\(.limit) \(.zygotes | length)"')" '1 0'
build_template "$(tiny_manifest forked ".image.disk = \"$work/disk.raw\" | .name = \"forked\" |
	.rehearsal = [{from: [500, 900], to: [500, 900], ms: 80, rest_ms: 500}]")"
parent=$(zygote)
check 'clones are forked from one that waits' "$parent" '* ready'
parent=${parent% *}
check 'it has been touched before' "$(sed -nE 's/.*touched.*: ([0-9]+) of 1000 pixels changed.*/\1/p' "$work/log")" '[1-9]*'
logged() { grep -cE "phone $1: cloned in .*$2 " "$work/log"; }
create() { # create VARIABLE NAME
	api POST /v1/phones "{\"template\":\"forked\",\"name\":\"$2\"}"
	printf -v "$1" %s "$(field .uuid)"
	check "$2 runs" "$code $(field .state)" '201 running'
	echo "     clone_ms=$(field .clone_ms)"
}
create first one
create second two
check 'both are forked' "$(logged "$first" fork) $(logged "$second" fork)" '1 1'
named "$first"
named "$second"
pid_of() { api GET "/v1/phones/$1"; field .pid; }
one=$(pid_of "$first") two=$(pid_of "$second")
arguments() { tr '\0' ' ' <"/proc/$1/cmdline"; }
check 'each goes by its own name' "$(arguments "$one") $(arguments "$two")" "*qvmi-$first -uuid $first *qvmi-$second -uuid $second *"
check 'in its own folder' "$(readlink "/proc/$one/cwd") $(readlink "/proc/$two/cwd")" "$state/$first $state/$second"
of_status() { sed -nE 's/^(NoNewPrivs|Seccomp):\t//p' "/proc/$1/status" | xargs; }
check 'in the sandbox' "$(of_status "$one")" '1 2'
disk_of() { readlink "/proc/$1/fd/"* | grep 'overlay.qcow2$'; }
check 'and a disk of its own' "$(disk_of "$one") $(disk_of "$two")" "$state/$first/overlay.qcow2 $state/$second/overlay.qcow2"
check 'its screen is drawn' "$("$QVMI_BIN/qvmi-display-probe" "$work/display.sock" "$first")" '360 720 *'
private() { awk '/^Private_Dirty:/ { print int($2 / 1024) }' "/proc/$1/smaps_rollup"; }
echo "     private_mib=$(private "$one") of the one it came from: $(private "$parent")"
check 'nobody is a stray' "$("$QVMI_BIN/qvmi" audit --config "$work/qvisord.conf" >/dev/null 2>&1; echo $?)" 0

# --- what a phone does it does ---
wait_for 20 "/v1/phones/$first" '.agent.identity'
plugged() { jq .network "$state/$first/phone.json"; }
check_soon 'the interface it began with is its own' true plugged
check '  by its address, so that it needs no other' "$(grep -c "$first.*interface has another" "$work/log")" 0
api POST "/v1/phones/$first/suspend"
check 'it is suspended' "$code $(field .state)" '200 suspended'
api POST "/v1/phones/$first/start"
check 'and resumed' "$code $(field .state)" '200 running'
api POST "/v1/phones/$second/stop" '{"timeout_s":20}'
check 'it is stopped' "$code $(field .state)" '200 off'
check 'and its disk is in order' "$(qemu-img check -q "$state/$second/overlay.qcow2" && echo yes)" yes

# --- one that is forked when nobody wants it any more ---
running() { our_qemus | wc -l; }
dead() { ps --ppid "$pid" -o stat= | grep -c '^Z'; }
vain() { curl -s --unix-socket "$work/qvisord.sock" http://q/v1/phones | jq -r '.phones[] | select(.name == "vain") | .uuid'; }
forks() { api GET /v1/host; field '.zygotes.zygotes[0].forks'; }
before=$(running) forked=$(forks)
kill -STOP "$parent"
curl -s -m 60 -o /dev/null --unix-socket "$work/qvisord.sock" -H 'Content-Type: application/json' -d '{"template":"forked","name":"vain"}' http://q/v1/phones &
asked=$!
check_soon 'it waits for its process' '*-*' vain
api DELETE "/v1/phones/$(vain)"
check '  is not wanted any more' "$code" 204
kill -CONT "$parent"
wait "$asked"
check_soon '  and gets it' $((forked + 1)) forks
check_soon '  which is gone' "$before" running
check_soon '  altogether' 0 dead

# --- the one that waits dies ---
create third three
kill -9 "$parent"
gone() { [ "$(zygote)" != "$parent ready" ] && echo gone; }
check_soon 'its end is seen' gone gone
check 'what was forked lives' "$(api GET "/v1/phones/$third"; field .state)" running
create fourth four
check 'a clone is loaded in the meantime' "$(logged "$fourth" load)" 1
again() { [[ "$(zygote)" == *ready ]] && echo again; }
check_soon 'and there is another' again again

# --- qvisord dies ---
parent=$(zygote) parent=${parent% *}
end_qvisord KILL
alive() { kill -0 "$parent" 2>/dev/null && echo alive || true; }
check_soon 'the one that waits goes with it' '' alive
start_qvisord
check 'what was forked is adopted' "$(api GET "/v1/phones/$third"; field '.state + " " + (.pid | tostring)')" 'running *'
check 'and is a phone as before' "$("$QVMI_BIN/qvmi-display-probe" "$work/display.sock" "$third")" '360 720 *'

# --- the template goes ---
wait_for_zygote forked
for uuid in "$first" "$second" "$third" "$fourth"; do api DELETE "/v1/phones/$uuid"; done
api DELETE /v1/templates/forked
check "it is not held" "$code $body" "204 "
wait_for 30 /v1/host '.zygotes.zygotes == []'
end_qvisord TERM
finish
