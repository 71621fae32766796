#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# mtp-client against the simulated host: the whole way once, and every way in which it can go wrong.
set -euo pipefail
cd "$(dirname "$0")/../.."
client=${QVMI_BIN:?}/mtp-client
work=$(mktemp -d)
pids=()
trap 'kill "${pids[@]}" 2>/dev/null || true; rm -rf "$work"' EXIT
# shellcheck source=tests/browser/simulated.sh
. tests/browser/simulated.sh
simulated_start
pids+=("$simulated_pid")

failed=0
ok() { echo "ok    $1"; }
fail() { echo "FAIL  $1"; failed=1; }
check() { if "${@:2}" >"$work/out" 2>&1; then ok "$1"; else fail "$1: $(tail -n 3 "$work/out")"; fi; }

run() { timeout 120 "$client" "$broker" --user demo --password-file "$work/password" --ca-file "$work/ca.pem" --headless "$@"; }
# fails NAME EXIT-CODE TEXT COMMAND...: it must end with this code, and say this.
fails() {
	local code=0
	"${@:4}" >"$work/out" 2>&1 || code=$?
	if [ "$code" = "$2" ] && grep -qF -- "$3" "$work/out"; then
		ok "$1"
	else
		fail "$1 (exit $code): $(tail -n 3 "$work/out")"
	fi
}

cat >"$work/script" <<'END'
wait-update
swipe 50% 10% 50% 90% 100
wait-quiet 300
screenshot WORK/lock.png
measure-swipe 50% 90% 50% 20% 200
wait-quiet 200
screenshot WORK/home.png
measure-tap 100 100
measure-tap 200 300
text Hi 5
key enter
wait-update
mark done
END
sed -i "s|WORK|$work|" "$work/script"
for package in phone touch; do
	check "$package: plays a script" run --package "$package" --script "$work/script" --stats-json "$work/stats"
	check "$package: screenshots differ" bash -c "[ -s $work/lock.png ] && ! cmp -s $work/lock.png $work/home.png"
	check "$package: measures" jq -e '.login_ms > 0 and .session_ms > 0 and .connect_ms > 0 and .first_frame_ms >= .login_ms
		and (.touch_to_change_ms.samples | length) == 3 and .touch_to_change_ms.median > 0 and .frames > 5
		and .bytes > 20000 and .tiles.jpeg >= 0 and .tiles.palette >= 16 and .marks.done > 0' "$work/stats"
	rm -f "$work"/{lock,home}.png
done
check 'a screenshot needs no script' run --screenshot "$work/shot.png"
check 'the screenshot is a PNG' cmp -s -n 8 "$work/shot.png" <(printf '\211PNG\r\n\032\n')

printf 'wait-update\nwait-quiet 100\nsleep 500\nwait-quiet 1500\ntap 10 10\nwait-update\n' >"$work/cut"
check 'a cut connection comes back by itself' run --package cut --script "$work/cut" --stats-json "$work/stats"
check 'the cut was counted' jq -e '.reconnects == 1' "$work/stats"
check 'it came back by its token and key' jq -e '.resumed == 1' <(curl -sSk "$broker/v1/resumed")

echo wrong >"$work/wrong"
fails 'wrong password' 4 'wrong user name or password' \
	"$client" "$broker" --user demo --password-file "$work/wrong" --ca-file "$work/ca.pem" --headless
fails 'unknown authority: says --ca-file' 5 '--ca-file' \
	"$client" "$broker" --user demo --password-file "$work/password" --headless
fails 'another authority: says which' 5 'was not issued by' \
	"$client" "$broker" --user demo --password-file "$work/password" --ca-file "$work/other.pem" --headless
fails 'broker away' 5 'cannot reach the broker' \
	"$client" https://127.0.0.1:1 --user demo --password-file "$work/password" --headless
fails 'host with a certificate of another authority' 4 'certificate of 127.0.0.1 is not trusted' run --package stranger
fails 'grant refused' 4 'refused the grant' run --package refused-grant
fails 'another version' 2 'another version of MTP' run --package other-version
fails 'a hostile host' 2 'not within its bounds' run --package hostile
fails 'ended by an administrator' 4 'ended by an administrator' run --package ended
fails 'no such package' 3 "no package 'nonesuch'" run --package nonesuch
fails 'a host that says nothing' 5 'does not answer' run --package silent
printf 'wait-update\n\nmeasure-tap 10 10 700\n' >"$work/still"
fails 'a phone that does not answer: names the line' 5 "still:3: measure-tap" run --package still --script "$work/still"
printf 'wait-update\nfly 3\n' >"$work/bad"
fails 'a wrong script: names the line' 2 "bad:2: no command is called 'fly'" run --script "$work/bad"
fails 'no password on the command line' 2 'Unknown option --password' "$client" "$broker" --user demo --password right

# The window, on a screen that nobody sees: the same script, by SDL.
if command -v Xvfb >/dev/null; then
	Xvfb -displayfd 9 -screen 0 1280x800x24 9>"$work/display" >/dev/null 2>&1 &
	pids+=($!)
	for ((i = 0; i < 600; i++)); do [ -s "$work/display" ] && break || sleep 0.1; done
	DISPLAY=:$(cat "$work/display")
	export DISPLAY SDL_VIDEODRIVER=x11
	# Under the sanitizers: what X11's libraries keep to the end is not ours.
	export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
	for turn in 0 90; do
		check "window, turned by $turn" timeout 120 "$client" "$broker" --user demo --password-file "$work/password" \
			--ca-file "$work/ca.pem" --rotate "$turn" --script "$work/script" --stats-json "$work/stats"
	done
	check 'window: pictures came' jq -e '.frames > 5' "$work/stats"
	fails 'no display: says --headless' 5 '--headless' env DISPLAY=:99999 \
		timeout 60 "$client" "$broker" --user demo --password-file "$work/password" --ca-file "$work/ca.pem"
else
	echo 'skip  the window: there is no Xvfb'
fi
exit "$failed"
