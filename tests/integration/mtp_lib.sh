# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Sourced by test_mtp_*.sh: mtpd alone, in a folder of its own, before a QEMU with the tiny guest. display-broker stands
# in for qvisord, mtp-probe for a terminal with a grant (it holds the broker's key).
set -euo pipefail
bin=${QVMI_BIN:?the folder of the binaries}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/lib/check.sh
. "$here/../lib/check.sh"
guest=$("$here/../guest/build" | tail -n 1)
work=$(mktemp -d)
phone=$(cat /proc/sys/kernel/random/uuid)
declare -A pids=()

end_all() {
	local name
	[ "$failed" = 0 ] || { echo '--- the programs said:'; tail -n 60 "$work"/*.log; }
	for name in "${!pids[@]}"; do kill -9 "${pids[$name]}" 2>/dev/null || true; done
	wait 2>/dev/null || true
	rm -rf "$work"
}
trap end_all EXIT
cd "$work"

die() { echo "FAIL $*"; failed=1; exit 1; }
wait_for() { eventually "${@:2}" || die "waited in vain for $1"; } # wait_for WHAT COMMAND...

start_qemu() {
	qemu-system-x86_64 -nodefaults -no-user-config -M q35 -accel tcg,tb-size=32 -smp 1 -m 128 \
		-kernel "$guest/vmlinux" -initrd "$guest/initrd.img" -append 'console=ttyS0 quiet' -display dbus,p2p=yes \
		-qmp unix:qmp.sock,server=on,wait=off -device virtio-vga,xres=360,yres=720 -device virtio-multitouch-pci \
		-device virtio-keyboard-pci -serial null >qemu.log 2>&1 &
	pids[qemu]=$!
	wait_for 'QEMU to listen' test -S qmp.sock
}
start_broker() { # start_broker TOUCH-POINTS
	"$bin/display-broker" display.sock qmp.sock "$phone" 360 720 "$1" >broker.log 2>&1 &
	pids[broker]=$!
	wait_for 'the displays' test -S display.sock
}
mtpd_ready() { [ "$(curl -s -o /dev/null -w '%{http_code}' --unix-socket mtpd.sock http://mtpd/readyz)" = 200 ]; }
start_mtpd() {
	"$bin/mtpd" --config mtpd.conf >>mtpd.log 2>&1 &
	pids[mtpd]=$!
	wait_for 'mtpd to be ready' mtpd_ready
}
stop() { # stop NAME SIGNAL
	kill "-$2" "${pids[$1]}"
	wait "${pids[$1]}" 2>/dev/null || true
	unset "pids[$1]"
}
session() { cat /proc/sys/kernel/random/uuid; }
# probe SESSION [ROLE] <<< commands
probe() { timeout 120 "$bin/mtp-probe" connect keys "$port" host-1 "$phone" "$@"; }
api() { curl -s -m 30 --unix-socket mtpd.sock "$@"; }
# The workers of our mtpd.
workers() { pgrep -P "${pids[mtpd]}" mtpd-worker || true; }
no_workers() { [ -z "$(workers)" ]; }

port=$(free_ports 2)
mkdir keys
"$bin/mtp-probe" keys keys
cat >mtpd.conf <<END
[host]
id=host-1
[grant]
public-key=keys/grant.pem
used=used-grants
[display]
socket=display.sock
[listen]
port=$port
websocket-port=$((port + 1))
certificate=keys/terminal.pem
key=keys/terminal.key
unix=mtpd.sock
[worker]
linger-s=2
END
# As root, workers have a user of their own.
[ "$(id -u)" != 0 ] || echo first-uid=61000 >>mtpd.conf
