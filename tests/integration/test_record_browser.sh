#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# record.mjs draws a session in Chromium: the same frames each time, whatever else the machine does.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
check() { # check NAME IS WANTED
	[ "$2" = "$3" ] || { echo "FAILED: $1: $2, not $3"; failed=1; }
}

jq -n '{ title: "Notes", scale: 2, seed: 7, looks: ["light"], options: [], fonts: {}, hand: ["Dear all,", "hello there"],
	rate: 10, seconds: { typing: 2.5 } }' >"$work/content.json"
for folder in first second; do
	timeout 120 node bench/screen/browser/record.mjs typing "$work/content.json" "$work/$folder" 2>"$work/said"
done
frames=$(find "$work/first" -name '*.ppm' | wc -l)
check 'it says how many frames there are' "$(cat "$work/said")" "record-browser: typing: $frames frames"
check 'letters come one after the other' "$([ "$frames" -ge 8 ] && echo many)" many
check 'frames have the size of a phone' "$(stat -c %s "$work/first/0.ppm")" $((720 * 1440 * 3 + 16))
check 'no two that follow are the same' "$(find "$work/first" -name '*.ppm' | sort -V | xargs sha256sum | cut -c 1-64 | uniq -d)" ''
check 'the same recording twice' "$(diff -rq "$work/first" "$work/second")" ''
exit "$failed"
