#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Templates that do not come into being, and templates that are not what they were.
# shellcheck source=tests/integration/qvisor_lib.sh
source "$(dirname "$0")/qvisor_lib.sh"
start_qvisord

# --- never ready: the kernel boots and nothing answers ---
never=$(tiny_manifest never '.name = "never" | .ready.timeout_s = 8 | .image.cmdline = "console=ttyS0 rdinit=/nothing panic=0"')
build_template "$never"
check 'an image that never gets ready fails' "$(field .state)" failed
check 'saying how long, where it hung and where to read on' "$(field .error.detail)" \
	"*not get ready within 8 s*stage \"boot\"*$templates/never-console.log"
check 'what it said is there' "$(tr -d '\0' <"$templates/never-console.log")" '*Linux version*'
check 'and nothing else of it' "$(ls -I accelerator.json "$templates")" never-console.log
check 'it is said once' "$(grep -c 'did not get ready' "$work/log")" 1

# --- it ends while it boots ---
ends=$(tiny_manifest ends '.name = "ends" | .image.cmdline = "console=ttyS0 rdinit=/nothing panic=-1"')
build_template "$ends"
check 'an image that ends fails' "$(field '.state + " " + .error.detail')" 'failed *ended while it booted*'
# --- QEMU refuses it ---
head -c 100000 /dev/urandom >"$work/noise"
noise=$(tiny_manifest noise ".name = \"noise\" | .image.kernel = \"$work/noise\" | .ready.timeout_s = 4")
build_template "$noise"
check 'a kernel that is none fails' "$(field .state)" failed
# --- cancelled ---
slow=$(tiny_manifest slow '.name = "slow" | .ready.timeout_s = 60 | .image.cmdline = "console=ttyS0 rdinit=/nothing panic=0"')
api POST /v1/templates "{\"manifest\":\"$slow\"}"
started=$body
api POST /v1/templates "{\"manifest\":\"$slow\"}"
check 'one build of a name at a time' "$code" 409
api GET /v1/templates
check 'it is listed as being built' "$(field '.templates[0].state')" building
api POST /v1/phones '{"template":"slow"}'
check 'it cannot be cloned yet' "$code $(field .detail)" '404 *still being built*'
body=$started
api DELETE "/v1/operations/$(field .id)"
body=$started
operation 60
check 'a build is cancelled' "$(field .state)" cancelled
folders() { (cd "$templates" && ls -d -- */ 2>/dev/null); }
check_soon 'no QEMU of any of them is left' '' our_qemus
check_soon 'no folder of any of them is left' '' folders

# --- qvisord is killed while it builds ---
api POST /v1/templates "{\"manifest\":\"$slow\"}"
eventually prints '[1-9]*' our_qemus
end_qvisord KILL
check_soon "a build's QEMU dies with qvisord" '' our_qemus
start_qvisord
check 'what it left is removed' "$(folders)" ''

# --- flipped bits ---
flip() { # flip FILE OFFSET
	local byte
	byte=$(od -An -tu1 -j "$2" -N 1 "$1")
	chmod u+w "$1"
	# shellcheck disable=SC2059
	printf "\\x$(printf %x $((byte ^ 4)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
	chmod u-w "$1"
}
build_template "$tiny/manifest.json"
folder=$(field .result.path)
size=$(stat -c %s "$folder/memory")
for place in "memory $((size / 3))" "memory $((size - 1))" 'state 5000'; do
	read -r file offset <<<"$place"
	flip "$folder/$file" "$offset"
	api POST /v1/phones '{"template":"tiny"}'
	check "a flipped bit in $place is found while qvisord runs" "$code $(field '.type + " " + .detail')" \
		'500 *corrupt *damaged*qvmi template build --force*'
	check 'and the template says so' "$(api GET /v1/templates/tiny; field '.state + " " + .reason')" "damaged *$file*"
	end_qvisord TERM
	start_qvisord
	api POST /v1/phones '{"template":"tiny"}'
	check 'and found by the next one' "$code $(field .detail)" '500 *damaged*'
	flip "$folder/$file" "$offset"
	api POST /v1/phones '{"template":"tiny"}'
	check 'put right it is right' "$code" 201
	api DELETE "/v1/phones/$(field .uuid)"
done
flip "$folder/memory" 4096
api POST /v1/phones '{"template":"tiny"}'
check 'damaged again' "$code" 500
check_soon 'nothing of the refused phones is left' '' ls "$state" # the answer comes first
build_template "$tiny/manifest.json"
check 'building it again replaces a damaged one' "$(field '.state + " " + .result.state')" 'succeeded ready'
api POST /v1/phones '{"template":"tiny"}'
check 'which works' "$code" 201
phone=$(field .uuid)
build_template "$tiny/manifest.json" '"force":true'
check 'by force while a phone uses the old one' "$(field .state)" succeeded
api GET "/v1/phones/$phone"
check 'the phone goes on' "$(field .state)" running
tinies() { ls -d "$templates"/tiny-* | wc -l; }
check 'both are there' "$(tinies)" 2
api DELETE "/v1/phones/$phone"
check_soon 'until the phone goes' 1 tinies
echo '{' >"$work/broken.json"
chmod u+w "$templates"/tiny-*/template.json
cp "$work/broken.json" "$(echo "$templates"/tiny-*/template.json)"
end_qvisord TERM
start_qvisord
api POST /v1/phones '{"template":"tiny"}'
check 'a template whose record is broken is left out' "$code $(field .detail)" '404 *'
end_qvisord TERM
finish
