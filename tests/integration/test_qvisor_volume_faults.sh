#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What may happen to a user's volume: a disk that is full when it is made, given away and written to; damage of each layer; a folder that is none;
# a template's upgrade. Nothing is lost that was there, and nobody is given an empty volume for a damaged one.
# shellcheck source=tests/lib/small_disk.sh
. "$(dirname "$0")/../lib/small_disk.sh"
# shellcheck source=tests/integration/qvisor_lib.sh
source "$(dirname "$0")/qvisor_lib.sh"
mount -t tmpfs -o size=24m small "$QVMI_SMALL_DISK"
volumes=$QVMI_SMALL_DISK/volumes
host_also="volume-folder=$volumes
volume-size-mib=64
volume-stock=0"
fill() { dd if=/dev/zero of="$QVMI_SMALL_DISK/filler" bs=4k status=none 2>/dev/null || true; }
room() { rm -f "$QVMI_SMALL_DISK/filler"; }
start_qvisord 0
build_template "$tiny/manifest.json"
user=11111111-0000-4000-8000-000000000001

# --- full while one is made: at many moments -----------------------------------------------------------------------------
for free in 0 1 3 20 100 200; do # 4 KiB pages
	fill
	truncate -s "-$((free * 4096))" "$QVMI_SMALL_DISK/filler"
	api POST /v1/volumes "{\"id\":\"$user\"}"
	check "no volume with $free pages free, and why" "$code $(field .type)" '507 *exhausted'
	check '  nothing of it is left' "$(ls -A "$volumes")" ''
done
room
api POST /v1/volumes "{\"id\":\"$user\"}"
check 'with room there is one' "$code" 201

# --- full when a phone writes to it --------------------------------------------------------------------------------------
api POST /v1/phones "{\"template\":\"tiny\",\"volume\":\"$user\"}"
check 'a phone with it' "$code" 201
uuid=$(field .uuid)
launch() { # launch N: and so many have been seen then
	api POST "/v1/phones/$uuid/applications" '{"id":"org.qvmi.Card"}'
	said "$uuid" "home: $1 launches"
}
launch 1
fill
curl -s -m 100 -o "$work/let-go" -w '%{http_code}' --unix-socket "$work/qvisord.sock" -X DELETE "http://q/v1/phones/$uuid/volume" >"$work/let-go.code" &
letting_go=$!
reason() { api GET "/v1/phones/$uuid"; field .reason; }
check_soon 'a phone that cannot write waits, and says for what' '*disk is full*make room*' reason
room
api POST "/v1/phones/$uuid/start"
check 'with room it goes on' "$code" 200
wait "$letting_go" || true
check 'and what it had to write is written' "$(cat "$work/let-go.code") $(jq -r .volume "$work/let-go")" '200 null'
api PUT "/v1/phones/$uuid/volume" "{\"id\":\"$user\"}"
launch 2

# --- full when it is given to a phone ------------------------------------------------------------------------------------
api DELETE "/v1/phones/$uuid/volume"
check 'it lets go' "$code" 200
api DELETE "/v1/phones/$uuid"
end_qvisord TERM
mkdir "$QVMI_SMALL_DISK/phones"
state=$QVMI_SMALL_DISK/phones
start_qvisord 0
api POST /v1/phones '{"template":"tiny"}'
check 'a phone whose records are on the small disk, too' "$code" 201
uuid=$(field .uuid)
fill
api PUT "/v1/phones/$uuid/volume" "{\"id\":\"$user\"}"
check 'what cannot be recorded is not done' "$code $(field .type)" '507 *exhausted'
check '  and nobody has it' "$(api GET "/v1/volumes/$user"; field .phone)" null
room
api PUT "/v1/phones/$uuid/volume" "{\"id\":\"$user\"}"
check 'with room it is' "$code $(field .volume.state)" '200 mounted'
launch 3

# --- a newer template ----------------------------------------------------------------------------------------------------
before=$(basename "$(readlink -f "$templates"/tiny-*/ | head -n 1)")
newer=$(tiny_manifest newer '.image.cmdline += " qvmi.newer"')
build_template "$newer"
check 'a newer template' "$(field .state)" succeeded
api POST "/v1/phones/$uuid/reset" '{"upgrade":true}'
check 'the phone becomes it' "$code" 200
wait_for 30 "/v1/phones/$uuid" '.volume.state == "mounted"'
: >"$work/console.$uuid"
launch 4
check 'which is another' "$(jq -r .template_folder "$state/$uuid/phone.json" | grep -c "$before" || true)" 0

# --- damage --------------------------------------------------------------------------------------------------------------
api DELETE "/v1/phones/$uuid/volume"
cp --sparse=always "$volumes/$user/disk.luks" "$work/whole.luks"
damaged() { # damaged WHAT: it is refused in words, and left as it is
	local sum
	sum=$(md5sum <"$volumes/$user/disk.luks")
	api PUT "/v1/phones/$uuid/volume" "{\"id\":\"$user\",\"create\":true}"
	check "$1: refused, and said" "$code $(field .detail)" '500 *was left as it is*'
	check '  the phone says so, too' "$(api GET "/v1/phones/$uuid"; field .volume.problem)" '*was left as it is*'
	api DELETE "/v1/phones/$uuid/volume"
	check '  and lets go of it' "$code" 200
	check '  as it was' "$(md5sum <"$volumes/$user/disk.luks")" "$sum"
	cp --sparse=always "$work/whole.luks" "$volumes/$user/disk.luks"
}
overwrite() { head -c 4096 /dev/urandom | dd of="$volumes/$user/disk.luks" bs=1 seek="$1" conv=notrunc status=none; }
overwrite 0
api GET /v1/host
check 'a damaged one is listed' "$(field '.quarantine[].folder')" "$volumes/$user"
damaged 'a header that is none'
printf '\377\377\377\377' | dd of="$volumes/$user/disk.luks" bs=1 seek=208 conv=notrunc status=none # the first key slot
damaged 'a key slot that is none'
overwrite $((2 * 1024 * 1024))
damaged 'a file system that is none'
truncate -s $((30 * 1024 * 1024)) "$volumes/$user/disk.luks"
damaged 'half of it'
truncate -s 1000 "$volumes/$user/disk.luks"
damaged 'next to nothing of it'
api GET /v1/host
check 'what is whole is not listed' "$(field '.quarantine | length')" 0
api PUT "/v1/phones/$uuid/volume" "{\"id\":\"$user\"}"
check 'the whole one is as it was' "$code $(field .volume.state)" '200 mounted'
launch 5
mkdir "$volumes/somebody's"
echo data >"$volumes/somebody's/file"
end_qvisord KILL
start_qvisord 0
api GET /v1/host
check 'a folder that is no volume is listed' "$(field '.quarantine[].folder')" "$volumes/somebody's"
check 'and left alone' "$(cat "$volumes/somebody's/file")" data
wait_for 30 "/v1/phones/$uuid" '.volume.state == "mounted"'
api DELETE "/v1/phones/$uuid"
end_qvisord TERM
finish
