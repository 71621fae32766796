#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Both clients on a whole system with the tiny guest: what the guest draws arrives exactly, a touch lands where it was
# made, keys arrive, and both clients see the same phone.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=tests/lib/system.sh
. tests/lib/system.sh
work=$(mktemp -d)
trap 'system_clean; rm -rf "$work"' EXIT
[ -s build/web/client/mtp.wasm ] || make --no-print-directory web-client # the page that brokerd serves
guest=$(tests/guest/build | tail -n 1)
system_start "$guest/manifest.json"

failed=0
check() {
	if "${@:2}" >"$work/out" 2>&1; then
		echo "ok    $1"
	else
		echo "FAIL  $1: $(tail -n 5 "$work/out")"
		failed=1
	fi
}
pixel() { # FILE X Y RRGGBB
	local is
	is=$(node tests/browser/pixel.mjs "$work/$1.png" "$2" "$3")
	[ "$is" = "$4" ] || { echo "$1 at $2,$3 is $is and not $4"; return 1; }
}
play() { # NAME, script on standard input
	sed "s|WORK|$work|" >"$work/$1.txt"
	client --script "$work/$1.txt" --stats-json "$work/$1.json"
}

# The guest's card (tests/guest/README.md), 360 x 720.
check 'plays on the guest' play first <<'END'
wait-update 30000
key esc
wait-quiet 2500 30000
screenshot WORK/before.png
measure-tap 20% 60% 30000
wait-quiet 300 30000
measure-tap 80% 60% 30000
wait-quiet 300 30000
measure-swipe 50% 95% 50% 75% 200 30000
wait-quiet 300 30000
key a
wait-update
wait-quiet 2500 30000
screenshot WORK/after.png
END
check 'the bars are exact' pixel before 70 120 ffff00
check 'the last bar, too' pixel before 340 120 000000
check 'nothing was touched yet' pixel before 72 440 203040
check 'a tap lands where it was made' pixel after 72 432 ff4040
check 'and the second' pixel after 288 432 ff4040
check 'a swipe ends where it ends' pixel after 180 540 ff4040
check 'times were measured' jq -e '.first_frame_ms > 0 and (.touch_to_change_ms.samples | length) == 3 and .frames >= 4' "$work/first.json"

# Closing the client leaves the phone running: the marks are still there.
check 'signs in again' client --screenshot "$work/again.png"
check 'it is the same phone' pixel again 288 432 ff4040
check 'and where it was left' cmp "$work/after.png" "$work/again.png"

if [ -x "${CHROMIUM:-/usr/bin/chromium}" ]; then
	[ -d tests/browser/node_modules ] || (cd tests/browser && npm ci --silent)
	export QVMI_URL=$BROKER QVMI_USER=$DEMO_USER QVMI_PASSWORD_FILE=$DEMO_PASSWORD_FILE QVMI_CA=$CA
	QVMI_SCREENSHOTS=build/browser/tiny timeout 250 node tests/browser/test_client.mjs || failed=1
	check 'after the browser' client --screenshot "$work/shared.png"
	# It counts touches in its status band. What was drawn it drew anew when it took over the handset's size, and its own again.
	band() { pngtopam "$work/$1.png" | pamcut -width 360 -height 60 >"$work/$1.band"; }
	counted() {
		for _ in $(seq 60); do
			client --screenshot "$work/shared.png" && band shared && pixel shared 200 700 203040 &&
				! cmp -s "$work/again.band" "$work/shared.band" && return
			sleep 1
		done
		return 1
	}
	band again
	check 'both clients show one phone' counted
else
	echo 'skip  the browser: there is no Chromium'
fi
# An administrator ends a session: its stream ends with it, at once, and the client says why.
sessions() { api "$MTPD" GET /v1/sessions | jq -r '.sessions[].session'; }
watched() { [ -n "$(sessions)" ]; }
unwatched() { [ -z "$(sessions)" ]; }
ends_at_once() {
	local session='' begin
	echo 'sleep 60000' >"$work/stay.txt"
	client --script "$work/stay.txt" >"$work/stay.out" 2>&1 &
	local client=$!
	eventually watched || { cat "$work/stay.out"; return 1; }
	session=$(sessions)
	begin=$(date +%s%3N)
	api "$BROKERD" DELETE "/v1/sessions/$session"
	eventually unwatched || { kill "$client"; return 1; }
	echo "the stream lasted $(($(date +%s%3N) - begin)) ms"
	! wait "$client"
	cat "$work/stay.out"
	grep -q 'ended' "$work/stay.out"
}
check 'a session that is closed ends its stream' ends_at_once
check 'ends and leaves nothing' system_stop
exit "$failed"
