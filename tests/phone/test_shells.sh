#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# test_shells.sh [sxmo] [phosh-arm64]: make check-phones. The phones beside Phosh on this machine's architecture, each from
# what the probe makes of its image to applications in a clone. Not part of make check: an image takes minutes to make, and
# the ARM64 one an hour.
#
# Each is probed and booted under trace; of the manifest that this writes a template is built, clones are made and one is
# used (bench/smoke, whose line of figures is printed); then three applications are started by the agent and read by OCR.
set -euo pipefail
cd "$(dirname "$0")/../.."
QVMI_BIN=${QVMI_BIN:-$PWD/build/gcc/bin}
# shellcheck source=tests/lib/check.sh
. tests/lib/check.sh
# What the image's own manifest says to the kernel, without the disk and the console that the probe finds.
append='quiet loglevel=3 audit=0 nowatchdog transparent_hugepage=never fsck.mode=skip systemd.show_status=false vt.global_cursor_default=0 consoleblank=0'

phone() { # phone NAME SHELL ARCHITECTURE SCRIPT BUILD-OPTION...
	local name=$1 shell=$2 architecture=$3 script=$4 image out=build/phone-$1 probe=build/phone-$1/probe
	shift 4
	echo "--- $name"
	image=$(deploy/image/build-phone "$@" | tail -n 1)
	mkdir -p "$probe"
	"$QVMI_BIN/qvisor-probe" --json --name "phone-$name" --memory-mib 1536 --screen 720x1440 --append "$append" \
		--boot 600 --output "$probe" "$image/disk.raw" "$image/vmlinuz" "$image/initrd.img" >"$probe/report" ||
		{ check "$name is probed" no yes; return; }
	check "$name: which shell, on what" "$(jq -r '"\(.shell) \(.kernel.architecture)"' "$probe/report")" "$shell $architecture"
	check "$name: Debian, with sources" "$(jq -r '"\(.system) \(.openness)"' "$probe/report")" 'Debian * sources'
	check "$name boots until it is ready" "$(jq -r .boot "$probe/report")" ready
	# What has a "driver" is what the guest says; the others QEMU was asked about.
	check "$name: a driver has started each device" \
		"$(jq '[.bound[] | select(has("driver") | not)] | length >= 6 and all(.state == "a driver has started it")' "$probe/report")" true
	check "$name: nothing goes nowhere" "$(jq '.nowhere | length' "$probe/report")" 0
	bench/smoke --manifest "$probe/manifest.json" --script "$script" --out "$out" --then tests/phone/applications.sh \
		>"$out/figures" || check "$name can be used" no yes
	sed "s/^/     /" "$out/figures"
	check "$name: touches change the screen" "$(jq '.touch_samples >= 3' "$out/smoke.json")" true
}

[ $# -gt 0 ] || set -- sxmo phosh-arm64
for name; do
	case $name in
	sxmo) phone sxmo Sxmo x86_64 tests/phone/sxmo.script --shell sxmo ;;
	phosh-arm64) phone phosh-arm64 Phosh aarch64 bench/phone.script --architecture arm64 ;;
	*) echo "test_shells.sh: there is no phone \"$name\" here; there are: sxmo phosh-arm64" >&2; exit 2 ;;
	esac
done
exit "$failed"
