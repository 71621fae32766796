#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Three applications in the phone of the system that runs (tests/lib/system.sh's variables): the agent starts each, and its window
# can be read. Pictures are left in build/applications.
set -euo pipefail
cd "$(dirname "$0")/../.."
QVMI_BIN=${QVMI_BIN:-$PWD/build/gcc/bin}
# shellcheck source=tests/lib/check.sh
. tests/lib/check.sh
# shellcheck source=tests/phone/ocr.sh
. tests/phone/ocr.sh
out=$PWD/build/applications
mkdir -p "$out"
printf 'wait-update 20000\nwait-quiet 1500 30000\nscreenshot window.png\n' >"$out/look.script"

look() {
	(cd "$out" && "$QVMI_BIN/mtp-client" "$BROKER" --user "$DEMO_USER" --password-file "$DEMO_PASSWORD_FILE" --ca-file "$CA" \
		--headless --script look.script >/dev/null)
}
shows() { # shows WORD: a program that is translated for the first time takes minutes on a busy machine
	local end=$((SECONDS + 400))
	until look && [[ $(written "$out/window.png") == *"$1"* ]]; do
		[ $SECONDS -lt $end ] || return 1
	done
}
request() { curl -sS --fail-with-body --unix-socket "$QVISORD" "http://localhost/v1/phones/$phone/applications" "$@"; }

phone=$(curl -sS --unix-socket "$POOLD" "http://localhost/v1/leases?user=$DEMO_USER" | jq -r '.leases[0].phone.uuid')
has=$(request | jq -r '.applications[].id')
seen=0
while read -r id word; do
	grep -qxF "$id" <<<"$has" && [ $seen -lt 3 ] || continue
	seen=$((seen + 1))
	request --json "{\"id\":\"$id\"}" >/dev/null || check "the agent starts $id" no yes
	check "$id shows its window" "$(shows "$word" && echo yes)" yes
	mv "$out/window.png" "$out/$id.png"
done <<-END
	org.gnome.Calculator Undo
	org.gnome.TextEditor Document
	foot user@
	org.gnome.Console user@
	org.gnome.clocks World
END
check 'three applications' $seen 3
exit "$failed"
