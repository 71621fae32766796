#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# mtpd and a worker before a real QEMU: the picture is right to the pixel, touches and keys arrive, several terminals
# see the same, a slow one gets the newest, and whoever is killed, the others go on.
# shellcheck source=tests/integration/mtp_lib.sh
. "$(dirname "$0")/mtp_lib.sh"
start_qemu
start_broker 10
start_mtpd

# The guest's card needs a moment after power-on: until its first bar is white, look again.
card() { probe "$(session)" <<<$'open\npicture\npixel 20 130 ffffff\n'; }
wait_for "the guest's card" card

one=$(session)
check 'the picture is right to the pixel' "$(probe "$one" <<<'open
picture
size 360 720
pixel 20 130 ffffff
pixel 65 130 ffff00
pixel 110 130 00ffff
pixel 155 130 00ff00
pixel 245 130 ff0000
pixel 340 130 000000
counters' 2>&1)" 'updates=* solid=* palette=*'
check 'a touch changes the picture' "$(probe "$(session)" <<<'open
picture
tap 180 500
pixel 180 500 ff4040' 2>&1)" 'tap_ms=*'
check 'a pointer is a finger on a touch screen' "$(probe "$(session)" <<<'open
picture
look
pointer 60 600 1 0
pixel 60 600 ff4040
pointer 60 600 0 0
wait 200' 2>&1 && echo good)" good
check 'a key arrives' "$(probe "$(session)" <<<'open
picture
look
key 30 1
key 30 0
change
wait 300' 2>&1 && echo good)" good
check 'a refresh sends the same again' "$(probe "$(session)" <<<'open
picture
settle 1000
save before.ppm
look
refresh
change
load before.ppm' 2>&1 && echo good)" good
check 'half the size, and where it is touched' "$(probe "$(session)" <<<'terminal 180 360 0 2
open
picture
size 180 360
pixel 10 65 ffffff
pixel 32 65 ffff00
tap 90 275
pixel 90 275 ff4040' 2>&1)" 'tap_ms=*'
check 'turned and back, as the terminal is' "$(probe "$(session)" <<<'terminal 65535 65535 0 1
open
picture
size 360 720
terminal 720 400 1 2
size 720 400
pixel 589 40 ffffff
pixel 589 0 000000
tap 120 80
pixel 120 80 ff4040
terminal 0 0 0 0
size 360 720
pixel 60 599 ff4040' 2>&1)" 'tap_ms=*'
check 'the phone takes over the size of who drives it, and has its own again' "$(probe "$(session)" <<<'terminal 480 800 0 1 1
open
size 480 800
pixel 450 150 000000
pixel 330 150 ff0000
tap 240 600
pixel 240 600 ff4040
terminal 480 800 0 0 0
size 360 720
pixel 245 130 ff0000' 2>&1)" 'tap_ms=*'
check 'an idle phone sends nothing' "$(probe "$(session)" <<<'open
picture
settle 1500
quiet 2000' 2>&1 && echo good)" good
check 'a viewer looks and does not touch' "$(probe "$(session)" viewer <<<'terminal 480 800 0 0 1
open
picture
size 360 720
settle 1000
touch 0 0 300 650
touch 2 0 300 650
quiet 1000' 2>&1 && echo good)" good

# Three at a time, one of whom does not read while the picture changes: he waits for his next command.
mkfifo slow.commands
(probe "$(session)" <slow.commands >slow.out 2>&1) &
slow=$!
exec {commands}>slow.commands
printf 'open\npicture\nsave slow.there\n' >&"$commands"
(probe "$(session)" <<<'open
picture
save third.there
load quick.ppm' >third.out 2>&1) &
third=$!
wait_for 'the slow one' test -s slow.there
wait_for 'the third' test -s third.there
check 'three see it at a time' "$(probe "$(session)" <<<'open
picture
wait 800
tap 30 400
tap 90 400
tap 150 400
tap 210 400
tap 270 400
settle 1000
save quick.ppm' 2>&1 | grep -c tap_ms)" 5
ended() { if wait "$1"; then echo good; else echo "status $?"; fi >status; } # not in $(): a child of this shell
echo 'load quick.ppm' >&"$commands"
exec {commands}>&-
ended "$slow"
check 'the slow one has the newest picture' "$(cat status slow.out)" good
ended "$third"
check 'the third has the same picture' "$(cat status third.out)" good

# The API.
check 'a thumbnail is a JPEG' "$(api -o thumbnail.jpg -w '%{http_code} %{content_type}' \
	"http://mtpd/v1/phones/$phone/thumbnail?width=90")" '200 image/jpeg'
check 'it has the size that was asked for' "$(file -b thumbnail.jpg)" '*90x180*'
check 'a thumbnail of another phone' "$(api "http://mtpd/v1/phones/$(session)/thumbnail" | jq -r .status)" 404
check 'a thumbnail too wide' "$(api "http://mtpd/v1/phones/$phone/thumbnail?width=99999" | jq -r .detail)" 'width must be*'
two=$(session)
(probe "$two" <<<'open
picture
expect-bye 5' >two.out 2>&1) &
two_pid=$!
live() { api http://mtpd/v1/sessions | jq -e --arg s "$two" '.sessions[]|select(.session==$s and .frames>0)'; }
wait_for 'the session to be listed' live
check 'a session is listed' "$(live | jq -r '[.user,.address,.model]|join(" ")')" 'tester 127.0.0.1 mtp-probe'
check 'ending it' "$(api -X DELETE -w '%{http_code}' "http://mtpd/v1/sessions/$two")" 204
ended "$two_pid"
check 'it was told why' "$(cat two.out)" 'bye=5 reason=an administrator*'
# One that comes in its place has seen as much, and is another.
two=$(session)
(probe "$two" <<<'open
picture
expect-bye 5' >two.out 2>&1) &
two_pid=$!
wait_for 'the one in its place to be listed' live
check 'ending that one' "$(api -X DELETE -w '%{http_code}' "http://mtpd/v1/sessions/$two")" 204
ended "$two_pid"
check 'ending what is not there' "$(api -X DELETE "http://mtpd/v1/sessions/$two" | jq -r .status)" 404

# The same session from elsewhere.
(probe "$one" <<<'open
picture
expect-bye 5' >one.out 2>&1) &
one_pid=$!
one_live() { api http://mtpd/v1/sessions | jq -e --arg s "$one" '.sessions[]|select(.session==$s)'; }
wait_for 'the first' one_live
check 'the newer connection is served' "$(probe "$one" <<<$'open\npicture\nwait 300' 2>&1 && echo good)" good
ended "$one_pid"
check 'the older one is told' "$(cat one.out)" 'bye=5 reason=the same session*'

# A confined worker, that ends when nobody has looked for a while.
wait_for 'a worker' workers
worker=$(workers)
if [ -z "${SANITIZED:-}" ]; then
	check 'the worker is confined' "$(grep -E '^(Seccomp|NoNewPrivs):' "/proc/$worker/status" | tr -d '\t' | tr '\n' ' ')" 'NoNewPrivs:1 Seccomp:2 '
fi
if [ "$(id -u)" = 0 ]; then
	check 'and has a user of its own' "$(grep -E '^(Uid|Gid|Groups):' "/proc/$worker/status" | tr -d ' \n' | tr '\t' ' ')" \
		'Uid: 610?? 610?? 610?? 610??Gid: 610?? 610?? 610?? 610??Groups:*'
fi
wait_for 'the worker to end when nobody looks' no_workers
echo 'ok   the worker ended when nobody looked any more'

# Who is killed, and who goes on.
(probe "$(session)" <<<'open
picture
save killed.there
expect-bye 0' >killed.out 2>&1 || true) &
killed=$!
wait_for 'a picture' test -s killed.there
kill -9 "$(workers)"
ended "$killed"
check 'a killed worker ends its streams' "$(cat killed.out)" 'bye=0 reason=*'
check 'and the next one who comes is served' "$(probe "$(session)" <<<$'open\npicture\ntap 100 650' 2>&1)" 'tap_ms=*'
left=$(workers)
stop mtpd 9
gone() { ! grep -qs '^State:.[^Z]' "/proc/$left/status"; } # an init may take its time to bury the dead
wait_for 'the worker to die with mtpd' gone
echo 'ok   a killed mtpd leaves no worker'
rm -f mtpd.sock
start_mtpd
(probe "$(session)" <<<'open
picture
save term.there
expect-bye 5' >term.out 2>&1) &
term=$!
wait_for 'a picture' test -s term.there
stop mtpd TERM
ended "$term"
check 'mtpd says that it goes' "$(cat term.out)" 'bye=5 reason=this host*'
start_mtpd
(probe "$(session)" <<<'open
picture
save gone.there
expect-bye 4' >gone.out 2>&1) &
gone=$!
wait_for 'a picture' test -s gone.there
stop qemu 9
ended "$gone"
check 'a phone that is gone is told of' "$(cat gone.out)" 'bye=4 reason=the phone has been turned off*'
check 'and so is who comes after' "$(probe "$(session)" <<<$'open\nexpect-bye 4' 2>&1)" 'bye=4 reason=the phone is off*'

# A phone with a pointer only is not here: touch points 0 are what qvisord says.
if grep -aE 'BEGIN|grant=|eyJ' mtpd.log; then echo 'FAIL a secret is in the log'; failed=1; else echo 'ok   no secret is in the log'; fi
exit "$failed"
