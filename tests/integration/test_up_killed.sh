#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kill -9 of each daemon, and of `qvmi up` itself: what runs goes on, and the next start is clean.
# shellcheck source=/dev/null disable=SC2154
. "$(dirname "$0")/up_lib.sh"

start --manifest "$tiny/manifest.json"
picture "$work/a.png"
phone=$(cli vm list --user demo --format json | jq -r '.phones[].uuid')
ready 2

for daemon in qvisord mtpd poold brokerd consoled; do
	old=$(json ".pids.$daemon")
	kill -9 "$old"
	for _ in $(seq 600); do
		new=$(json ".pids.$daemon")
		[ "$new" = "$old" ] || [ "$new" = 0 ] || break
		sleep 0.1
	done
	check "$daemon is started again" "$((new != old && new > 0))" 1
	eventually cli status
	check "the phone is there after $daemon was killed" "$(eventually picture "$work/b.png" && echo yes)" yes
	check "and it is the same" "$(cli vm list --user demo --format json | jq -r '.phones[].uuid')" "$phone"
done

kill -9 "$up"
wait "$up" 2>/dev/null || true
up=''
# The daemons go with it; phones are QEMU's and stay for the next start.
check_soon 'no daemon outlives a killed up' 0 pgrep -c -f -- "--config $work/"

start --manifest "$tiny/manifest.json"
check 'the next start is up' "$code" ''
picture "$work/c.png"
check 'with the same phone' "$(cli vm list --user demo --format json | jq -r '.phones[].uuid')" "$phone"
ready 2
check 'every invariant holds' "$(cli audit 2>&1 >"$work/audit" || cat "$work/audit")" ''
running() { cli vm list --state running --format json | jq '.phones | length'; }
check_soon 'and no phone too many' 3 running
end INT
gone 'at the end'

# Everything killed at once: a power cut, but for the machine's own processes.
start
picture "$work/d.png"
for pid in $up $(ours); do kill -9 "$pid" 2>/dev/null || true; done
wait "$up" 2>/dev/null || true
up=''
gone 'after killing all'
start
check 'the start after that is up' "$code" ''
check 'and shows the phone' "$(eventually picture "$work/e.png" && echo yes)" yes
end INT
check 'and ends well' "$code" 0
gone 'after that'
check 'no run folder is left' "$(ls "$XDG_RUNTIME_DIR")" ''
finish
