#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# No clone can alter what all of them share: how QEMU holds the template's files, and that they stay what they were, also when a guest has a
# balloon and discards all it can; and a template that no clone can be made of is quarantined.
# shellcheck source=tests/integration/qvisor_lib.sh
source "$(dirname "$0")/qvisor_lib.sh"
start_qvisord
build_template "$tiny/manifest.json"
folder=$(echo "$templates"/tiny-*)
sums() { (cd "$folder" && sha256sum memory state); }
before=$(sums)
for _ in 1 2; do
	api POST /v1/phones '{"template":"tiny"}'
	check 'a clone' "$code" 201
	uuid=$(field .uuid) qemu=$(field .pid)
done

# Discarding guest memory (balloon, free page reporting, virtio-mem, madvise) reaches the file through its descriptor, also from a
# private mapping: fallocate(2) needs one that is open for writing. QEMU has none, and no device that discards.
writable='' held=0
for fd in "/proc/$qemu/fd"/*; do
	[[ $(readlink "$fd") == "$folder"/* ]] || continue
	held=$((held + 1))
	flags=$(awk '/^flags:/ { print $2 }' "/proc/$qemu/fdinfo/${fd##*/}")
	(((8#$flags & 3) == 0)) || writable+=" $(readlink "$fd")"
done
check 'the template is held by descriptors' "$((held > 0))" 1
check 'none of which can be written to' "$writable" ''
check 'its memory is mapped privately' "$(awk -v file="$folder/memory" '$6 == file { print substr($2, 4) }' "/proc/$qemu/maps" | sort -u)" p
check 'no device that discards' "$(tr '\0' '\n' <"/proc/$qemu/cmdline" | grep -cE 'balloon|virtio-mem|virtio-pmem|vhost-user')" 0
check 'nobody may write to the files' "$(stat -c %a "$folder/memory" "$folder/state" | sort -u)" 444

# Two guests have written all over their memory by now.
wait_for 20 "/v1/phones/$uuid" '.agent.identity'
dirty=$(awk '/^Private_Dirty:/ { print $2 }' "/proc/$qemu/smaps_rollup")
check 'they have written' "$((dirty > 1000))" 1
check 'the files are what they were' "$(sums)" "$before"
api GET /v1/phones
for uuid in $(field '.phones[].uuid'); do api DELETE "/v1/phones/$uuid"; done
check 'also when they are gone' "$(sums)" "$before"
end_qvisord TERM

# --- files that are what was saved, and a QEMU that cannot load them: another machine than its version says ---
mkdir "$work/bin"
real=$(command -v qemu-system-x86_64)
cat >"$work/bin/qemu-system-x86_64" <<-END
	#!/bin/bash
	case " \$* " in *" -incoming "*) set -- "\${@/addr=0x7/addr=0x9}" ;; esac
	exec "$real" "\$@"
END
chmod +x "$work/bin/qemu-system-x86_64"
PATH=$work/bin:$PATH start_qvisord
for i in 1 2 3; do
	api POST /v1/phones '{"template":"tiny"}'
	check "clone $i cannot load it" "$code $(field .detail)" '500 *could not be started (load)*'
done
api GET /v1/templates/tiny
check 'after the third it is quarantined' "$(field '.state + ": " + .reason')" 'damaged: 3 clones in a row could not load its state*'
api POST /v1/phones '{"template":"tiny"}'
check 'and refused without another try' "$code $(field .detail)" '500 *(verify)*damaged*qvmi template build --force*'
end_qvisord TERM

# --- a guest that balloons and discards ---
# Its machine has what no phone's has: a balloon with free page reporting; and a monitor of ours, which inflates it. When there is a
# file "trap" its clones have the template's memory open for writing: what such a guest does where nothing holds it. That monitor cannot
# be handed on to a child, so none is forked.
zygotes=0
cat >"$work/bin/qemu-system-x86_64" <<-END
	#!/bin/bash
	line=("\$@")
	if [[ " \$* " == *" -incoming "* ]]; then
		mkfifo "$work/monitor.\$\$.in" "$work/monitor.\$\$.out"
		line+=(-chardev "pipe,id=second,path=$work/monitor.\$\$" -mon chardev=second,mode=readline)
		[ ! -e "$work/trap" ] || line=("\${line[@]/share=off,readonly=on,rom=off/share=off}")
	fi
	[[ " \$* " != *virtserialport* ]] || line+=(-device virtio-balloon-pci,free-page-reporting=on,addr=0x1c)
	exec "$real" "\${line[@]}"
END
truncate -s 16M "$work/disk.raw"
echo 'it is shared' | dd of="$work/disk.raw" conv=notrunc status=none
ballooning=$(tiny_manifest ballooning ".image.disk = \"$work/disk.raw\" | .name = \"ballooning\" | .image.cmdline += \" qvmi.litter\"")
is_inflated() {
	echo 'info balloon' >"$work/monitor.$qemu.in"
	timeout 5 sed '/actual=/q' "$work/monitor.$qemu.out" | grep -q 'actual=64'
}
is_refused() { grep -q 'Discarding RAM with readonly files' "$state/$uuid/qemu.log"; }
hostile() { # a clone that gives back all it can, then all that it is told to
	api POST /v1/phones '{"template":"ballooning"}'
	check 'a clone with a balloon' "$code" 201
	uuid=$(field .uuid) qemu=$(field .pid)
	wait_for 60 "/v1/phones/$uuid" '.agent.identity'
	api POST "/v1/phones/$uuid/applications" '{"id":"org.qvmi.Discard"}'
	said "$uuid" 'discard: disk 16 MiB'
	[ -e "$work/trap" ] || check 'the pages that it reports are not discarded' "$(eventually is_refused && echo refused)" refused
	echo 'balloon 64' >"$work/monitor.$qemu.in"
	check 'its balloon is full' "$(eventually is_inflated && echo full)" full
}
PATH=$work/bin:$PATH start_qvisord
build_template "$ballooning"
folder=$(echo "$templates"/ballooning-*)
before=$(sums && sha256sum "$folder/disk.qcow2" "$work/disk.raw")
hostile
api POST /v1/phones '{"template":"ballooning"}'
wait_for 60 "/v1/phones/$(field .uuid)" '.agent.identity and .agent.ready'
api GET /v1/phones
for uuid in $(field '.phones[].uuid'); do api DELETE "/v1/phones/$uuid"; done
check 'memory, state and disk are what they were' "$(sums && sha256sum "$folder/disk.qcow2" "$work/disk.raw")" "$before"
end_qvisord TERM

# Without this the checks above would hold for a guest that does nothing.
touch "$work/trap"
chmod u+w "$folder/memory"
PATH=$work/bin:$PATH start_qvisord
hostile
api DELETE "/v1/phones/$uuid"
check 'where its memory can be written it is altered' "$([ "$(sha256sum <"$folder/memory")" = "$(head -n 1 <<<"$before" | cut -d ' ' -f 1)  -" ] || echo altered)" altered
end_qvisord TERM
finish
