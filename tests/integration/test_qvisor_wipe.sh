#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What is left of a user after a wipe: nothing, in the memory of any process and on any block of the disk, those that are free again
# among them. The machine is a process namespace of the test's own, its disk a file system in a file, where that can be had.
if [ -z "${QVMI_WIPE_MACHINE:-}" ]; then
	if [ "$(id -u)" = 0 ]; then unshare=(unshare --mount --pid --fork --mount-proc); else unshare=(unshare --map-root-user --mount --pid --fork --mount-proc); fi
	if ! "${unshare[@]}" true 2>/dev/null; then
		echo 'SKIP neither root nor user namespaces: it would have to look into every process of this machine'
		exit 0
	fi
	"$(dirname "$0")/../guest/build" >/dev/null
	export QVMI_WIPE_MACHINE=1
	exec "${unshare[@]}" "$0"
fi
# shellcheck source=tests/integration/qvisor_lib.sh
source "$(dirname "$0")/qvisor_lib.sh"
volumes=$work/disk/volumes state=$work/disk/phones
host_also="volume-folder=$volumes
volume-size-mib=64
volume-stock=1"
# A disk of which every block can be looked at.
mkdir "$work/disk"
truncate -s 160M "$work/disk.ext4"
if /usr/sbin/mke2fs -q -F -t ext4 "$work/disk.ext4" && mount -o loop "$work/disk.ext4" "$work/disk" 2>/dev/null; then
	trap 'umount -l "$work/disk" 2>/dev/null; clean_up' EXIT
	blocks=$work/disk.ext4
else
	echo 'SKIP no loop device: free blocks of the disk are not looked at'
	blocks=''
fi
search() { # where it is, without what this test itself has: a word a place, PROGRAM or FILE with SECRET
	sync
	find "$work" -path "$work/secret.*" -prune -o -type f ! -path "$work/disk.ext4" -print0 |
		xargs -0 "$QVMI_BIN/qvmi-secret-search" "$work"/secret.* -- ${blocks:+"$blocks"} 2>"$work/searched" |
		sed -E "s|^[0-9]+ ([^ ]+) $work/secret\.([a-z]+) .*|\1:\2|; s|^$work/(.*) $work/secret\.([a-z]+) *$|\1:\2|" | sort -u | xargs
}
start_qvisord
build_template "$tiny/manifest.json"

# --- a user who leaves something everywhere: on the volume, in memory, suspended, in a snapshot ---
api POST /v1/volumes
user=$(field .id)
api POST /v1/phones "{\"template\":\"tiny\",\"volume\":\"$user\",\"name\":\"wiped-phone\"}"
check 'a phone with a volume' "$code" 201
uuid=$(field .uuid)
api POST "/v1/phones/$uuid/applications" '{"id":"org.qvmi.Card"}'
said "$uuid" 'home: 1 launches'
# In pieces: this shell has a memory, too.
{ printf 'a sec'; printf 'ret of wi'; printf 'ped-phone'; } >"$work/secret.words"
cp "$volumes/$user/key" "$work/secret.key"
od -An -v -tx1 "$volumes/$user/key" | tr -d ' \n' >"$work/secret.passphrase"
printf wiped-phone >"$work/secret.name"
check 'the search finds what qvisord has in memory' "$(search)" '*qvisord:name*'
rm "$work/secret.name"
check_soon 'while the phone runs its QEMU has it' '*qemu-system*:passphrase*qemu-system*:words*' search
check 'and nobody else' "$(search | tr ' ' '\n' | grep -v '^qemu-system' | xargs)" "${blocks:+disk.ext4:key }disk/volumes/$user/key:key"
api POST "/v1/phones/$uuid/suspend"
check 'it is suspended' "$code" 200
cp "$state/$uuid/key" "$work/secret.phonekey"
check 'then no process has anything of it' "$(search | tr ' ' '\n' | grep -v "^disk" | xargs)" ''
api POST "/v1/phones/$uuid/start"
check 'it is resumed' "$code" 200
wait_for 20 "/v1/phones/$uuid" '.volume.state == "mounted"'
api POST "/v1/phones/$uuid/snapshots" '{"name":"kept"}'
check 'a snapshot is taken, its volume in it' "$code $(field '.snapshots[0].volume')" "201 $user"
wait_for 20 "/v1/phones/$uuid" '.agent.connected'
api POST "/v1/phones/$uuid/suspend"
check 'and suspended again' "$code" 200
check 'nothing of it can be read on the disk' "$(search | tr ' ' '\n' | grep words | xargs)" ''

# --- the wipe ---
api POST "/v1/phones/$uuid/wipe"
check 'it is wiped' "$code" 200
check_soon 'nothing is left, anywhere' '' search
check 'and that was looked for' "$(cat "$work/searched")" 'qvmi-secret-search: looked into [1-9]* processes'
api DELETE "/v1/phones/$uuid"
check 'it ends' "$code" 204

# --- a phone without a volume: its snapshot and what is suspended ---
rm "$work"/secret.*
api POST /v1/phones '{"template":"tiny","name":"other-phone"}'
uuid=$(field .uuid)
wait_for 20 "/v1/phones/$uuid" '.agent.ready and .agent.identity'
api POST "/v1/phones/$uuid/applications" '{"id":"org.qvmi.Card"}'
said "$uuid" 'home: 1 launches'
{ printf 'a sec'; printf 'ret of ot'; printf 'her-phone'; } >"$work/secret.words"
api POST "/v1/phones/$uuid/snapshots" '{"name":"one"}'
check 'a snapshot' "$code" 201
cp "$state/$uuid/key" "$work/secret.key"
check_soon 'its QEMU has it, and nobody else but the key' "*qemu-system*:words" search
api POST "/v1/phones/$uuid/wipe"
check 'it is wiped' "$code" 200
check_soon 'nothing is left, anywhere' '' search
api DELETE "/v1/phones/$uuid"
end_qvisord TERM
finish
