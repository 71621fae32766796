#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The whole system on the tiny guest while its parts are killed: what somebody who watches notices of it. (What the next
# start does is in test_up_killed.sh.)
# shellcheck source=/dev/null disable=SC2154
. "$(dirname "$0")/up_lib.sh"
cd "$work"

socket() { json ".sockets.$1"; }
leased() { curl -sS --unix-socket "$(socket poold)" 'http://pool/v1/leases?user=demo' | jq -r '[.leases[].phone.uuid] | join(" ")'; }
watched() { curl -sS --unix-socket "$(socket mtpd)" http://mtpd/v1/sessions | jq '.sessions | length'; }
qemu() { pgrep -f "qemu-system.*$phone"; }
watch_script() { # watch_script NAME: a client that plays NAME.script, leaves NAME.json and its exit code in NAME.code
	local code=0
	timeout 200 "$QVMI_BIN/mtp-client" "$(json .broker)" --user demo --ca-file "$(json .ca_file)" \
		--password-file "$(json .password_file)" --headless --script "$1.script" --stats-json "$1.json" >"$1.out" 2>&1 || code=$?
	echo $code >"$1.code"
}
# look NAME: signs in and stores NAME.png, when all of it has come exactly (rough parts are refined once it is quiet)
look() {
	printf 'wait-update\nwait-quiet 2500 30000\nscreenshot %s.png\n' "$1" >"$1.script"
	watch_script "$1"
}
restarted() { # restarted DAEMON PID: is it another one, and ready?
	local pid
	pid=$(json ".pids.$1")
	[ "$pid" -gt 0 ] && [ "$pid" != "$2" ] && curl -sf -o ready --unix-socket "$(socket "$1")" http://d/readyz
}
kill_daemon() {
	local pid
	pid=$(json ".pids.$1")
	kill -9 "$pid"
	check "$1, killed, is there again" "$(eventually restarted "$1" "$pid" && echo yes)" yes
}

start --manifest "$tiny/manifest.json" --accelerator tcg --fresh --small
look untouched
phone=$(leased)
pid=$(qemu)

# The four are killed while he waits: a tap that nobody takes would end the script. He waits for the picture that comes
# with the new connection, once mtpd, the last of them, is there again.
cat >watch.script <<'EOF'
wait-update
measure-tap 30% 60% 30000
wait-quiet 2500 30000
screenshot tapped.png
wait-update 180000
measure-tap 70% 60% 30000
wait-quiet 2500 30000
screenshot watched.png
EOF
watch_script watch &
watcher=$!
check 'somebody watches' "$(eventually test -s tapped.png && echo yes)" yes
for daemon in qvisord poold brokerd; do
	kill_daemon $daemon
	check 'he still watches' "$(watched)" 1
done
check 'the phone is the same process' "$(qemu)" "$pid"
kill_daemon mtpd
wait $watcher
check 'he gets back to it' "$(cat watch.code)" 0
check 'by himself' "$(jq .reconnects watch.json)" '[1-9]*'
check 'and touches it, before and after' "$(jq '.touch_to_change_ms.samples | length' watch.json)" 2
look again
check 'signing in again' "$(leased)" "$phone"
check 'shows both marks' "$(cmp watched.png again.png && ! cmp -s untouched.png again.png && echo both)" both

# The phone itself: what it knew is lost, what it is stays, and who watches goes on.
printf 'wait-update\nwait-quiet 2500 30000\nscreenshot seen.png\nwait-update 120000\n' >lost.script
watch_script lost &
watcher=$!
check 'somebody watches again' "$(eventually test -s seen.png && echo yes)" yes
kill -9 "$pid"
wait $watcher
check 'the phone killed: who watched got it back' "$(cat lost.code) $(jq .reconnects lost.json)" '0 [1-9]*'
check 'the same one' "$(leased)" "$phone"
check 'as another process' "$([ "$(qemu)" != "$pid" ] && echo another)" another
as_at_first() { look anew && cmp untouched.png anew.png; }
check 'as it was at first' "$(eventually as_at_first && echo clean)" clean

end TERM
check 'it ends' "$code" 0
gone 'at the end'
finish
