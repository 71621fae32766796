#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A phone whose agent lies about its mounts (tests/guest/liar.h): a user's volume is free when QEMU has closed it, and not when the guest
# says so.
# shellcheck source=tests/integration/qvisor_lib.sh
source "$(dirname "$0")/qvisor_lib.sh"
volumes=$work/volumes
host_also="volume-folder=$volumes
volume-size-mib=64
volume-stock=1"
clone() { # clone TEMPLATE: sets uuid
	api POST /v1/phones "{\"template\":\"$1\"}"
	check "a clone of $1" "$code" 201
	uuid=$(field .uuid)
	wait_for 30 "/v1/phones/$uuid" '.agent.ready and .agent.identity'
}
attach() { api PUT "/v1/phones/$1/volume" "{\"id\":\"$user\"}"; }
sum() { sha256sum <"$volumes/$user/disk.luks"; }

start_qvisord
build_template "$tiny/manifest.json"
build_template "$(tiny_manifest liar '.name = "liar" | .image.cmdline += " qvmi.liar"')"
clone tiny
honest=$uuid
wait_for 60 /v1/volumes '.ready == 1'
api POST /v1/volumes
user=$(field .id)
attach "$honest"
check 'a user with a volume' "$code $(field .volume.state)" '200 mounted'
api POST "/v1/phones/$honest/applications" '{"id":"org.qvmi.Card"}'
said "$honest" 'home: 1 launches'
api DELETE "/v1/phones/$honest/volume"
check 'which is free again' "$code" 200

# --- it writes on when it has said that it does not ---
clone liar
liar=$uuid
attach "$liar"
check 'the liar says that it has mounted it' "$code" 200
said "$liar" 'liar: writes'
api DELETE "/v1/phones/$liar/volume"
check 'and that it has not any more' "$code $(field .volume)" '200 null'
before=$(sum)
said "$liar" 'liar: cut off'
check 'nothing was written once it was said to be free' "$(sum)" "$before"

# --- it keeps what it says it has let go: its kernel does not come to unplug it ---
attach "$liar"
check 'it gets it once more' "$code" 200
curl -s -m 60 -o "$work/kept" --unix-socket "$work/qvisord.sock" -X DELETE "http://q/v1/phones/$liar/volume" & asked=$!
wait_for 20 "/v1/phones/$liar" '.volume.state != "mounted"'
attach "$honest"
check 'nobody else gets it as long as QEMU has it' "$code $(field .detail)" "409 *$liar*"
api DELETE "/v1/phones/$liar"
check 'but its phone can be destroyed' "$code" 204
wait "$asked" || true
check 'and who had asked is told that the phone has it no more' "$(jq -r '"\(.uuid) \(.volume)"' "$work/kept")" "$liar null"

# --- the user's files ---
attach "$honest"
check 'an honest phone gets it' "$code $(field .volume.state)" '200 mounted'
api POST "/v1/phones/$honest/applications" '{"id":"org.qvmi.Card"}'
said "$honest" 'home: 2 launches'
api DELETE "/v1/phones/$honest"
check 'a phone is destroyed' "$code" 204
finish
