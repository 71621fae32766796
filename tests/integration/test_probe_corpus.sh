#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# qvmi template probe: each image of the corpus is what expected/NAME.json says, by evidence; what is damaged, or no
# image at all, is refused with a reason; and nothing but the answer comes out.
set -euo pipefail
export LC_ALL=C
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
probe=${QVMI_BIN:?the folder of the binaries}/qvisor-probe
work=$(mktemp -d) failed=0
trap 'rm -rf "$work"' EXIT

check() { # check WHAT ACTUAL EXPECTED(glob)
	# shellcheck disable=SC2053
	if [[ $2 == $3 ]]; then echo "ok   $1"; else echo "FAIL $1: got '$2', want '$3'"; failed=1; fi
}

# What does not change with the day's kernel, and without the folders of this run.
essence() {
	jq -S --arg work "$work/" '{system, shell, openness, board, memory, problems, architecture: .kernel.architecture,
		files: [.files[] | "\(.file): \(.is)"], drivers: [.drivers[] | "\(.device): \(.driver)"],
		replaced: [.replaced[]? | "\(.node): \(.becomes)"], manifest,
		no_manifest: (.no_manifest // "" | gsub("version [^,]*"; "version V"))}
		| walk(if type == "string" then ltrimstr($work) else . end)' "$1"
}

"$here/../probe/corpus" "$work/corpus"
count=0
for expected in "$here"/../probe/expected/*.json; do
	name=$(basename "$expected" .json)
	if [ ! -d "$work/corpus/$name" ]; then
		echo "skip $name: it has not been made on this machine"
		continue
	fi
	count=$((count + 1))
	"$probe" --json --memory-mib 1024 --output "$work/out/$name" "$work/corpus/$name" >"$work/$name.report" ||
		{ check "$name is read" no yes; continue; }
	essence "$work/$name.report" >"$work/$name.json"
	[ -z "${PROBE_WRITE_EXPECTED:-}" ] || cp "$work/$name.json" "$expected"
	check "$name" "$(diff "$expected" "$work/$name.json" && echo same)" same
	check "$name says why" "$(jq '.evidence | length > 0 and all(.where != "" and .says != "")' "$work/$name.report")" true
done
check 'at least six images' "$((count >= 6))" 1

# A kernel and a RAM disk inside of other files are written beside the manifest, as they are.
check 'the kernel of a boot image' "$(cmp "$work/out/android-3/kernel" "$work/corpus/debian-arm64/vmlinuz" && echo same)" same
check 'the kernel on a disk' "$(cmp "$work/out/phone-card/kernel" "$work/corpus/debian-arm64/vmlinuz" && echo same)" same
check 'and nothing that is not needed' "$(ls "$work/out/tiny")" manifest.json

# --- what is wrong is said --------------------------------------------------------------------------------------------
says() { # says WORDS ARGUMENT...
	local words=$1
	shift
	check "$words" "$("$probe" "$@" 2>&1)" "*$words*"
}
: >"$work/empty"
says 'No such file' "$work/nowhere"
says 'is no regular file, or empty' "$work/empty"
says 'name the image'
says '64 to 65536' --memory-mib 1 "$work/corpus/tiny"
says 'WIDTHxHEIGHT' --screen 1x1 "$work/corpus/tiny"
says 'a-z, 0-9' --name 'No Name' "$work/corpus/tiny"
head -c 100000 /dev/urandom >"$work/noise"
says 'no Linux kernel' "$work/noise"
qemu-img create -q -f qcow2 -F qcow2 -b "$work/corpus/phone-card/card.qcow2" "$work/backed.qcow2"
says 'has a backing file' --json "$work/backed.qcow2"
head -c 3000000 "$work/corpus/android-2/boot.img" >"$work/cut.img"
says 'is cut off or damaged' --json "$work/cut.img"
head -c 20000 "$work/corpus/android-2/super.img" >"$work/cut-super.img"
says 'sparse image is damaged' --json "$work/cut-super.img"

# Damaged at random places: an answer or a reason, never a crash. The same places each time.
RANDOM=7
for name in android-3/vendor_boot.img android-2/super.img phone-card/card.qcow2 router/root.squashfs router/board.dtb; do
	cp "$work/corpus/$name" "$work/damaged"
	size=$(stat -c %s "$work/damaged") status=0
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12; do
		printf "\\x$(printf %02x $((RANDOM % 256)))" |
			dd of="$work/damaged" bs=1 seek=$((RANDOM * RANDOM % (size < 8192 ? size : 8192))) conv=notrunc status=none
	done
	"$probe" --json "$work/damaged" >"$work/answer" 2>&1 || status=$?
	check "damaged $name" "$status $(grep -c 'AddressSanitizer\|runtime error\|was stopped' "$work/answer")" '[01] 0'
done
exit $failed
