#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The tiny guest for ARM64, on a host that is not: probed and booted under trace, a template of the manifest that this
# makes, clones that draw, answer a touch, are told who they are and get their network interface; suspend and resume.
# shellcheck source=tests/integration/qvisor_lib.sh
source "$(dirname "$0")/qvisor_lib.sh"
guest=$("$here/../guest/build" --architecture arm64 | tail -n 1)

# --- probe ---
"$QVMI_BIN/qvisor-probe" --json --name tiny-arm64 --memory-mib 128 --screen 360x720 --append quiet --output "$work/probed" \
	--boot 120 "$guest/vmlinux" "$guest/initrd.img" >"$work/report" || check 'the image is probed' no yes
body=$(cat "$work/report")
check 'it is the tiny guest for aarch64' "$(field '.system + " " + .kernel.architecture')" 'QVMI tiny guest aarch64'
check 'it boots until it is ready' "$(field .boot)" ready
check 'a driver has started each device' "$(field '.bound | length >= 6 and all(.state == "a driver has started it")')" true
check 'nothing goes nowhere' "$(field '.nowhere | length')" 0

# --- template and clones ---
start_qvisord
api POST /v1/templates "{\"manifest\":\"$work/probed/manifest.json\"}"
check 'the manifest is taken' "$code" 202
operation 120
check 'a template is built' "$(field .state)" succeeded
echo "     cold_boot_s=$(field .result.cold_boot_s)"
uuids=()
for name in one two; do
	api POST /v1/phones "{\"template\":\"tiny-arm64\",\"name\":\"$name\"}"
	check 'a phone is cloned' "$code $(field .state)" '201 running'
	echo "     clone_ms=$(field .clone_ms)"
	uuids+=("$(field .uuid)")
done
for uuid in "${uuids[@]}"; do
	wait_for 60 "/v1/phones/$uuid" '.agent.identity and .agent.ready'
	wait_for 60 "/v1/phones/$uuid" '.state == "running"'
done
probe=$QVMI_BIN/qvmi-display-probe
picture() { "$probe" "$work/display.sock" "$@"; }
for _ in $(seq 100); do # each draws its new name
	one=$(picture "${uuids[0]}") two=$(picture "${uuids[1]}")
	[ "$one" = "$two" ] || break
	sleep 0.2
done
check 'the screen is handed out' "$one" '360 720 *'
check 'each draws its own name' "$([ "$one" != "$two" ] && echo differs)" differs

# --- suspended and resumed it shows the same ---
uuid=${uuids[0]}
api POST "/v1/phones/$uuid/suspend"
check 'it is suspended' "$code $(field .state)" '200 suspended'
api POST "/v1/phones/$uuid/start"
check 'and runs again' "$code $(field .state)" '200 running'
wait_for 60 "/v1/phones/$uuid" '.agent.ready'
check 'with its picture' "$(picture "$uuid")" "$one"

# --- a finger, an application ---
check 'it answers a swipe' "$("$probe" "$work/display.sock" "$uuid" swipe | tail -n 1)" '[0-9]*'
api POST "/v1/phones/$uuid/applications" '{"id":"org.qvmi.Card"}'
check 'it launches an application' "$code" '2??'

for uuid in "${uuids[@]}"; do
	api DELETE "/v1/phones/$uuid"
	check 'it is destroyed' "$code" '2??'
done
finish
