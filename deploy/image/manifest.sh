# shellcheck shell=bash
# Sourced: the description of the machine that an image wants to run on.

# write_manifest FILE NAME ARCHITECTURE WIDTH HEIGHT MEMORY_MIB [REHEARSAL]
# REHEARSAL: a file, what is done once for all clones on the phone that they are forked from (qvisor/README.md).
# A phone that runs can be given another GiB (decision 179); what QEMU calls virt has no room for that here.
write_manifest() {
	local rehearsal='' machine='"type": "q35"' gpu=virtio-vga more=", \"max_memory_mib\": $(($6 + 1024))"
	[ "$3" != arm64 ] || { machine='"architecture": "aarch64", "type": "virt"' gpu=virtio-gpu more=''; }
	[ -z "${7:-}" ] || rehearsal=", \"rehearsal\": $(cat "$7")"
	cat >"$1" <<JSON
{
  "format": 1,
  "name": "$2",
  "image": {
    "disk": "disk.raw",
    "kernel": "vmlinuz",
    "initrd": "initrd.img",
    "cmdline": "root=/dev/vda rootfstype=ext4 rw quiet loglevel=3 audit=0 nowatchdog transparent_hugepage=never fsck.mode=skip systemd.show_status=false rd.systemd.show_status=false vt.global_cursor_default=0 consoleblank=0"
  },
  "machine": { $machine, "cpus": 1, "memory_mib": $6$more },
  "screen": { "width": $4, "height": $5 },
  "devices": { "gpu": "$gpu", "touch": "virtio-multitouch", "keyboard": "virtio-keyboard" },
  "ready": { "by": "agent", "timeout_s": 600, "settle_s": 35 }$rehearsal
}
JSON
}
