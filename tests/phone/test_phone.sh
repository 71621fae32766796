#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The real phone, end to end: make smoke with its pictures read by OCR, then the browser page on the same running system.
set -euo pipefail
cd "$(dirname "$0")/../.."
failed=0
check() { # check WHAT COMMAND...
	local what=$1
	shift
	if "$@"; then echo "ok   $what"; else echo "FAIL $what"; failed=1; fi
}
# shellcheck source=tests/phone/ocr.sh
. tests/phone/ocr.sh
reads() { # reads PICTURE WORD...: each word is to be read in it
	local text word
	text=$(written "build/smoke/$1.png")
	shift
	for word; do
		[[ $text == *"${word// /}"* ]] || { echo "     '$word' is not in: $text"; return 1; }
	done
}
lacks() { ! reads "$@" >/dev/null; }
figure() { jq -e "$1" build/smoke/smoke.json >/dev/null || { jq -c . build/smoke/smoke.json; return 1; }; }

bench/smoke --then tests/phone/browser.sh

check 'the lock screen is the lock screen' reads lock 'Slide up to unlock'
check 'the PIN pad asks for the PIN' reads pin Passcode Unlock
check 'and is not the lock screen any more' lacks pin 'Slide up'
check 'the grid shows the applications' reads home 'Search apps' 'Text Editor' Settings
check 'the calculator has calculated' reads app Undo 42 mod
check 'the host reads it too' grep -q Undo build/smoke/app.txt
check 'pictures have the phone'\''s size' test "$(file -b build/smoke/app.png | grep -o '720 x 1440')" = '720 x 1440'
check 'a clone takes far less than a boot' figure '.clone_ms / 1000 * 50 < .cold_boot_s'
check 'ten touches were measured' figure '.touch_samples >= 10 and .touch_to_change_ms > 0'
check 'the phone shares memory' figure '.phone_pss_mb > 20 and .phone_pss_mb < 1200'
exit $failed
