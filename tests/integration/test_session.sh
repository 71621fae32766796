#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Sessions on a whole system with the tiny guest: a client whose network was away comes back by itself, and what ends a session
# ends its stream. Times are printed.
if [ -z "${SESSION_INSIDE:-}" ] && unshare --net true 2>/dev/null && command -v nft >/dev/null; then
	SESSION_INSIDE=1 exec unshare --net "$0"
fi
# shellcheck source=/dev/null disable=SC2154
. "$(dirname "$0")/up_lib.sh"
[ -z "${SESSION_INSIDE:-}" ] || ip link set lo up
cd "$work"

start --manifest "$tiny/manifest.json" --accelerator tcg --fresh --small
check "up after $SECONDS s" "$code" ''
broker=$(json .broker) ca=$(json .ca_file) user=$(json .user) password_file=$(json .password_file)
log=state/log/mtpd.log
milliseconds() { echo $(($(date +%s%N) / 1000000)); }
begun() { grep -c 'session .* begins' "$log" || true; }
mtpd_sessions() { curl -sS --unix-socket "$(json .sockets.mtpd)" http://mtpd/v1/sessions | jq -r '[.sessions[].session] | join(" ")'; }
metric() { curl -sS --unix-socket "$(json .sockets.brokerd)" http://brokerd/metrics | sed -n "s/^$1 //p"; }
# terminal NAME: a client that looks until it is ended; its process id is in `terminal`.
printf 'wait-update 60000\nsleep 600000\n' >look.script
terminal() {
	"$QVMI_BIN/mtp-client" "$broker" --user "$user" --ca-file "$ca" --password-file "$password_file" --headless \
		--script look.script --stats-json "$1.json" >"$1.out" 2>&1 &
	terminal=$!
}

# --- away and back ---

terminal away
check_soon 'a terminal looks' '?*' mtpd_sessions
session=$(mtpd_sessions)
if [ -n "${SESSION_INSIDE:-}" ]; then
	nft add table inet away && nft 'add chain inet away in { type filter hook input priority 0; }'
	nft add rule inet away in iifname lo tcp dport "{ ${broker##*:}, $((ports + 4)) }" drop
	nft add rule inet away in iifname lo tcp sport "{ ${broker##*:}, $((ports + 4)) }" drop
	# The terminal's system notices that links are others; nothing else tells it.
	ip address add 192.0.2.1/32 dev lo
	check_soon 'it notices that nobody answers' '*silent*' cat away.out
	check_soon 'and cannot come back by itself' '*trying again*trying again*' cat away.out
	before=$(begun)
	nft delete table inet away
	mended=$(milliseconds)
	until [ "$(begun)" -gt "$before" ]; do sleep 0.02; done
	echo "     back $(($(milliseconds) - mended)) ms after the network"
	check_soon 'it is back in the same session' "$session" mtpd_sessions
	check 'by its token' "$(metric 'qvmi_broker_resumptions_total{result="resumed"}')" '[1-9]*'
fi
kill "$terminal"
wait "$terminal" 2>/dev/null || true

# --- ended from outside ---

# ends WHAT TEXT COMMAND...: a terminal that looks is ended by the command, and told why; prints after how long.
ends() {
	local begin after
	check_soon 'nobody looks' '' mtpd_sessions
	terminal "$1"
	check_soon 'a terminal looks' '?*' mtpd_sessions
	session=$(mtpd_sessions)
	begin=$(milliseconds)
	"${@:3}" >command.out 2>&1 || { check "$1" "$(cat command.out)" ''; return; }
	while kill -0 "$terminal" 2>/dev/null; do sleep 0.01; done
	after=$(($(milliseconds) - begin))
	echo "     $1: ended $after ms after the order was given"
	wait "$terminal" && code=0 || code=$?
	check "$1: the terminal ends and does not come back" "$code" 4
	check "$1: it says why" "$(cat "$1.out")" "*$2*"
}
session_end() { cli session end "$session"; }
ends 'session end' 'an administrator has ended the session' session_end
ends 'user sign-out' 'an administrator has ended the session' cli user sign-out "$user"
check 'what is not there' "$(cli session end 00000000-0000-4000-8000-000000000000 2>&1)" '*no such session*'
check 'nor he' "$(cli user sign-out nobody 2>&1)" '*there is no user nobody*'
check 'the sessions are closed' "$(cli session list --format json | jq '[.sessions[] | select(.state == "open")] | length')" 0

# --- a second terminal ---

drives() { curl -sS --unix-socket "$(json .sockets.mtpd)" http://mtpd/v1/sessions | jq -r '[.sessions[] | "\(.session) \(.drives)"] | sort | join(" ")'; }
check 'an unknown policy' "$(cli package policy phone --second-terminal fight 2>&1)" '*share, take-over or look-on*'
check 'a policy' "$(cli package policy phone --second-terminal look-on --format json | jq -c .)" '{"second_terminal":"look-on","sessions":32,"duration_s":0}'
printf 'wait-update 60000\nmeasure-tap 20%% 60%% 30000\nwait-quiet 2500 30000\nscreenshot first.png\nsleep 600000\n' >look.script
terminal first
first=$terminal
check_soon 'the first one drives' '* true' drives
driver=$(drives)
check_soon 'its phone shows what it did' 0 eval 'test -s first.png; echo $?'
printf 'wait-update 60000\ntap 80%% 60%%\nsleep 600000\n' >look.script
terminal second
check_soon 'the second one looks on' '* false*' drives
check 'the first one drives on' "$(drives)" "*$driver*"
kill "$terminal"
wait "$terminal" 2>/dev/null || true
check_soon 'it goes' "$driver" drives
check 'another policy' "$(cli package policy phone --second-terminal take-over --format json | jq -r .second_terminal)" take-over
printf 'wait-update 60000\nwait-quiet 2500 30000\nscreenshot third.png\nsleep 600000\n' >look.script
terminal third
wait "$first" && code=0 || code=$?
check 'the third takes over: the first one ends' "$code" 4
check 'and is told' "$(cat first.out)" '*another terminal of yours has taken over*'
check_soon 'the third one drives' '* true' drives
check_soon 'the screen is as it was, the tap of who looked on not in it' 0 eval 'test -s third.png; echo $?'
check 'exactly' "$(cmp first.png third.png && echo same)" same
kill "$terminal"
wait "$terminal" 2>/dev/null || true

# --- a grant that was used, and mtpd killed ---

used() { wc -l <state/used-grants; }
check 'used grants are written down' "$(used)" '[1-9]*'

# --- another grant key, while somebody looks and comes again ---

rotate() { cli keys rotate "$1" 2>&1 || echo "code $?"; }
opens() { # with a grant of the key that signs now
	timeout 120 "$QVMI_BIN/mtp-client" "$broker" --user "$user" --ca-file "$ca" --password-file "$password_file" --headless \
		--script open.script >opened.out 2>&1 && echo opens || cat opened.out
}
signer() { cli keys list --format json | jq -r '.keys[] | select(.signs) | .key'; }
printf 'wait-update 60000\n' >open.script
old=$(signer)
check 'a step that is none' "$(rotate quickly)" '*announce, use and retire*'
check 'nothing is retired before another signs' "$(rotate retire)" '*announce*come first*code 7'
check 'a new key is announced' "$(rotate announce)" '*rotate use*'
check 'the old one signs' "$(signer)" "$old"
check 'not used before it has been seen' "$(rotate use)" '*has just changed*code 7'
touch -d '-1 hour' state/pki/grant.pub
check 'the new one is used' "$(rotate use)" '*rotate retire*'
check 'and signs' "$(signer)" "!($old)"
check_soon 'a terminal comes in by it' opens opens
check 'the old one is not retired while its grants live' "$(rotate retire)" '*has just changed*code 7'
touch -d '-1 hour' state/pki/grant.key
check 'it is retired' "$(rotate retire)" '*old key is gone*'
check 'one is left' "$(cli keys list --format json | jq '.keys | length')" 1
check_soon 'and opens' opens opens

end TERM
check 'it ends' "$code" 0
finish
