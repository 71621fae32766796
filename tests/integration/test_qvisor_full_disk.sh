#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A full disk while cloning and while building: a clear message, nothing left over, and it works again when there is room. The small file system is a
# tmpfs in a mount namespace, which an ordinary user may have inside a user namespace.
# shellcheck source=tests/lib/small_disk.sh
. "$(dirname "$0")/../lib/small_disk.sh"
# shellcheck source=tests/integration/qvisor_lib.sh
source "$(dirname "$0")/qvisor_lib.sh"
mount -t tmpfs -o size=4m small "$QVMI_SMALL_DISK"
state=$QVMI_SMALL_DISK/phones
truncate -s 16M "$work/disk.raw"
with_disk=$(tiny_manifest with-disk ".image.disk = \"$work/disk.raw\"")
start_qvisord
build_template "$with_disk"
check 'a template' "$(field .state)" succeeded
api POST /v1/phones '{"template":"tiny"}'
check 'a clone fits' "$code" 201
first=$(field .uuid)

fill() { dd if=/dev/zero of="$QVMI_SMALL_DISK/filler" bs=4k count="${1:-4096}" status=none 2>/dev/null || true; }
nothing_left() {
	check_soon 'nothing of it is left' "$first" ls "$state" # the answer comes first
	check_soon 'no QEMU either' '+([0-9])' our_qemus
	check 'the other phone goes on' "$(api GET "/v1/phones/$first"; field .state)" running
}
# --- the check beforehand ---
fill $((3 * 256 - 80)) # about 3 of 4 MiB, less what there is
fill
api POST /v1/phones '{"template":"tiny"}'
check 'a full disk is refused' "$code $(field .type)" '507 *exhausted'
check 'saying where' "$(field .detail)" "*$state*make room*"
nothing_left
# --- without the check: it gets full in between, at each of many moments ---
end_qvisord TERM
rm "$QVMI_SMALL_DISK/filler"
start_qvisord 0
lines=$(wc -l <"$work/log")
for room in 0 1 2 3 5 16 40 60; do # 4 KiB pages; an overlay is 64 of them
	fill
	truncate -s "-$((room * 4096))" "$QVMI_SMALL_DISK/filler"
	api POST /v1/phones '{"template":"tiny"}'
	check "full with $room pages free" "$code $(field .type)" '507 *exhausted'
	nothing_left
done
check 'each was logged once' "$(tail -n "+$((lines + 1))" "$work/log" | grep -c 'No space left')" 8
rm "$QVMI_SMALL_DISK/filler"
api POST /v1/phones '{"template":"tiny"}'
check 'with room it works again' "$code" 201
api DELETE "/v1/phones/$(field .uuid)"
check 'and ends' "$code" 204
api DELETE "/v1/phones/$first"
end_qvisord TERM

# --- building where there is no room ---
templates=$QVMI_SMALL_DISK/templates
start_qvisord
build_template "$with_disk"
check 'a template that does not fit' "$(field '.state + " " + .error.detail')" "failed *MiB*$templates*make room*"
check 'leaves nothing' "$(ls -I accelerator.json "$templates")" ''
end_qvisord TERM
rm -r "$templates"
finish
