#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# qvmi template probe --boot: what the guest's drivers took, and accesses to a device of the board that is not there, named
# by the device tree; a guest that makes no end of them is stopped, and nothing is left over.
set -euo pipefail
export LC_ALL=C TMPDIR
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
probe=${QVMI_BIN:?the folder of the binaries}/qvisor-probe
TMPDIR=$(mktemp -d) failed=0
trap 'rm -rf "$TMPDIR"' EXIT
tiny=$("$here/../guest/build" | tail -n 1)
images=("$tiny/vmlinux" "$tiny/initrd.img" "$TMPDIR/board.dtb")

check() { # check WHAT ACTUAL EXPECTED(glob)
	# shellcheck disable=SC2053
	if [[ $2 == $3 ]]; then echo "ok   $1"; else echo "FAIL $1: got '$2', want '$3'"; failed=1; fi
}
field() { jq -r "$1" "$TMPDIR/report"; }

dtc -q -O dtb -o "$TMPDIR/board.dtb" - <<'END'
/dts-v1/;
/ { model = "A phone"; compatible = "qvmi,phone"; #address-cells = <1>; #size-cells = <1>;
	soc { compatible = "simple-bus"; #address-cells = <1>; #size-cells = <1>; ranges = <0 0xd0000000 0x10000000>;
		serial@1000 { compatible = "ns16550a"; reg = <0x1000 0x100>; };
		modem@2000 { compatible = "qvmi,modem"; reg = <0x2000 0x100>; };
	};
};
END

"$probe" --json --memory-mib 128 --output "$TMPDIR/out" --boot 120 "${images[@]}" >"$TMPDIR/report"
check 'it gets ready' "$(field .boot)" ready
check 'every device has a driver' "$(field '.bound | length >= 6 and all(.state == "a driver has started it")')" true
check 'nothing goes nowhere' "$(field '.nowhere | length')" 0
check 'the board is named' "$(field .board)" 'A phone'
check 'the jail says what it lacks, or nothing' "$(field .boot_jail_lacks)" '@(null|it *)'

# The board's serial port, where this machine has nothing: the guest waits for it for ever.
"$probe" --json --memory-mib 128 --output "$TMPDIR/out" --append 'earlycon=uart8250,mmio,0xd0001000' --boot 120 "${images[@]}" \
	>"$TMPDIR/report"
check 'a flood of accesses is stopped' "$(field .boot)" 'stopped: *'
check 'they are counted' "$(field '[.nowhere[] | select(.address == "0xd0001005")][0].reads > 1000')" true
check 'and named by the device tree' "$(field '[.nowhere[].node] | unique | join(" ")')" /soc/serial@1000
check 'with what to do' "$(field '.nowhere[0].advice')" "replaced by: the machine's serial port; *"

"$probe" --boot 10 "${images[@]}" >"$TMPDIR/report" 2>&1 || true
check 'where to is asked for' "$(cat "$TMPDIR/report")" '*--output*'
check 'nothing is left over' "$(ls "$TMPDIR" | xargs)" 'board.dtb out report'
exit $failed
