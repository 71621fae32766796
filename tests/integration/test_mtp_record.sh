#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# mtp-record takes the screen of a running phone, with a hand that touches it, and mtp-replay plays what it wrote; both say
# what is wrong with what they are given.
. "$(dirname "${BASH_SOURCE[0]}")/mtp_lib.sh"
start_qemu
start_broker 10
record() { timeout 200 "$bin/mtp-record" --display display.sock --phone "$phone" "$@"; }
replay() { timeout 200 "$bin/mtp-replay" "$@"; }
field() { sed -n "s/.* $1=\([^ ]*\).*/\1/p"; }

# --- a session of the tiny guest, which draws where it is touched -----------------------------------------------------------
# Until the guest has booted and drawn.
# The white bar of its card, at (20, 130) of 360x720 pixels after 15 bytes of header.
printf 'wait-quiet 1000 60000\n' >quiet.script
has_drawn() {
	rm -rf boot
	record --script quiet.script boot >record.log
	cmp -n 3 -i $((15 + (130 * 360 + 20) * 3)):0 "$(find boot -name '*.ppm' | sort -V | tail -n 1)" <(printf '\377\377\377')
}
wait_for "the guest's card" has_drawn
cat >hand.script <<'END'
sleep 300
tap 50% 30%
sleep 200
swipe 20% 40% 80% 70% 500
text ab1
sleep 300
END
said=$(record --script hand.script session)
frames=$(find session -name '*.ppm' | wc -l)
check 'a touched phone is recorded' "$([ "$frames" -ge 5 ] && echo many)" many
check 'what it says is what is there' "$said" "record frames=$frames *"
check 'the first frame is at the beginning' "$(test -f session/0.ppm && echo yes)" yes
check 'frames have the size of the screen' "$(stat -c %s session/0.ppm)" $((360 * 720 * 3 + 15))
said=$(replay session --dump shown --bytes bytes --settle 2000)
check 'it is played, every frame' "$(field frames <<<" $said")" "$frames"
check 'what the terminal shows is like what was recorded' "$(field psnr <<<"$said" | awk '{ print ($1 == "inf" || $1 > 35) }')" 1
check 'and exactly that once it is quiet' "$(cmp "$(find session -name '*.ppm' | sort -V | tail -n 1)" shown/settled.ppm && echo yes)" yes
check 'bytes of the frames are all bytes' "$(awk '{ n += $2 } END { print n }' bytes)" "$(field bytes <<<"$said")"
check 'a line a frame' "$(wc -l <bytes)" "$frames"
thin=$(replay session --kbps 64 --rtt 600 --loss 2%% 2>&1 || true)
check 'a loss that is no number is refused' "$thin" '*loss*'
said=$(replay session --kbps 64 --rtt 600 --loss 2 --settle 60000 --dump late)
check 'a thin link gets there in the end' "$(cmp shown/settled.ppm late/settled.ppm && echo yes)" yes
check 'the same seed loses the same packets' "$(replay session --kbps 64 --rtt 600 --loss 2 --settle 60000 | field bytes)" \
	"$(field bytes <<<"$said")"

# --- and its peers, where they are installed -------------------------------------------------------------------------------
if [ -x "$bin/bench-screen" ] && [ -z "${SANITIZED:-}" ]; then
	timeout 250 "$bin/bench-screen" session >bench
	check 'a line a codec' "$(sed 's/.* codec=\([^ ]*\).*/\1/' bench | paste -sd' ')" 'mtp tight tight-q8 zrle x264 av1'
	check 'the lossless ones are' "$(grep -cE 'codec=(tight|zrle) .* exact_text=1.000000 psnr=inf' bench)" 2
	check 'each is its own measure' "$(grep -cE 'codec=tight .*ratio_tight=1.0000|codec=x264 .*ratio_x264=1.0000|codec=av1 .*ratio_av1=1.0000' bench)" 3
fi

# --- ends ----------------------------------------------------------------------------------------------------------------------
"$bin/mtp-record" --display display.sock --phone "$phone" until-told >record.log 2>&1 &
pids[record]=$!
wait_for 'the first frame' test -s until-told/0.ppm
kill -INT "${pids[record]}"
code=0
wait "${pids[record]}" || code=$?
unset 'pids[record]'
check 'Ctrl-C ends it in order' "$code $(cat record.log)" '0 record frames=*'
code=0
record --script hand.script --megabytes 1 full >record.log 2>&1 || code=$?
check 'a full disk limit ends it' "$code $(cat record.log)" '6 *--megabytes takes more*'
check 'what was written before can be played' "$(replay full | field frames)" '[12]'

# --- wrong input ---------------------------------------------------------------------------------------------------------------
refuse() { # refuse CODE GLOB COMMAND...
	local want=$1 says=$2 status=0
	shift 2
	"$@" >refused.log 2>&1 || status=$?
	check "refused: $*" "$status $(head -n 1 refused.log)" "$want *$says*"
}
refuse 7 'not empty' record session
refuse 2 'give --display' "$bin/mtp-record" somewhere
printf 'screenshot x.png\n' >other.script
refuse 2 'other.script:1: screenshot is for mtp-client' record --script other.script new
refuse 2 'give one folder' replay
refuse 2 'give one folder' replay session session
refuse 2 'takes 0 to' replay session --kbps -1
refuse 2 'takes a share' replay session --loss nan
refuse '[0-9]' 'nowhere' replay nowhere
mkdir empty bad && printf 'P6\n2 2\n255\nabc' >bad/1.ppm
refuse 2 'there is no <milliseconds>.ppm' replay empty
refuse 2 'bad/1.ppm is cut off' replay bad
mv bad/1.ppm bad/first.ppm
refuse 2 'named by its time' replay bad
stop qemu KILL
refuse '[0-9]' '*' record gone
[ "$failed" = 0 ]
