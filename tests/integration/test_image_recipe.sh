#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The recipes of the phone images, without making one: options, what changes which image, the manifests, the scripts that go in.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/lib/check.sh
. "$here/../lib/check.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/deploy"
cp -a "$here/../../deploy/image" "$work/deploy/"
image=$work/deploy/image
key() { "$image/build-phone" --agent "${QVMI_BIN:?the folder of the binaries}/qvmi-agent" --output /out --key "$@" 2>&1 || true; }

# --- what is wrong is said ---
check 'a shell that there is not' "$(key --shell kde)" 'build-phone: there is no shell "kde"; there are: phosh sxmo'
check 'a shell outside' "$(key --shell ../phone)" '*there is no shell*'
check 'an architecture that there is not' "$(key --architecture mips)" '*no architecture we make phones for; there are: amd64, arm64'
check 'an option without its word' "$(key --shell '')" '*--shell needs a word*'
check 'an unknown option' "$(key --color)" '*unknown argument "--color"; --help lists them'
check 'no agent' "$("$image/build-phone" --key --agent "$work/none" 2>&1)" '*the agent is not built*'
check 'help' "$("$image/build-phone" --help)" 'build-phone \[--shell*--architecture*--key*'

# --- an image is made anew when what goes into it changes, and no other ---
phosh=$(key) sxmo=$(key --shell sxmo)
check 'the images'\'' names' "$phosh $sxmo" '/out/phosh-???????????????? /out/sxmo-????????????????'
check 'the same tree is the same image' "$(key --shell phosh --architecture amd64)" "$phosh"
echo '# another' >>"$image/shells/sxmo/packages.txt"
check 'Sxmo'\''s packages are not Phosh'\''s' "$(key)" "$phosh"
check 'and change Sxmo' "$([ "$(key --shell sxmo)" != "$sxmo" ] && echo changed)" changed
chmod 700 "$image/phone/usr/lib/qvmi/phone-scale"
check 'a file of every phone changes Phosh' "$([ "$(key)" != "$phosh" ] && echo changed)" changed

# --- manifests ---
# shellcheck source=deploy/image/manifest.sh
. "$image/manifest.sh"
write_manifest "$work/pc.json" phone amd64 720 1440 1536
write_manifest "$work/arm.json" phone-arm64 arm64 360 720 1024
check 'of a PC' "$(jq -c '[.name, .machine.type, .machine.memory_mib, .machine.max_memory_mib, .devices.gpu, .screen.width]' "$work/pc.json")" \
	'\["phone","q35",1536,2560,"virtio-vga",720\]'
check 'of an ARM64 phone' "$(jq -c '[.name, .machine.architecture, .machine.type, .machine.max_memory_mib, .devices.gpu]' "$work/arm.json")" \
	'\["phone-arm64","aarch64","virt",null,"virtio-gpu"\]'

# --- what runs inside is at least a script, executable, and of a shell that is there ---
while read -r script; do
	interpreter=$(sed -n '1s/^#!//p' "$script")
	check "${script#"$image/"}" "$("$interpreter" -n "$script" 2>&1)$([ -x "$script" ] && echo executable)" executable
done < <(grep -rIl '^#!' "$image/phone" "$image/shells" "$image/customize")
for shell in phosh sxmo; do
	check "$shell tells the agent when it is drawn" "$(grep -rq shell-ready "$image/shells/$shell/files" && echo tells)" tells
	check "$shell opens the GPU once udev has said all of it" \
		"$(grep -rlE "^ExecStartPre=\+.*udevadm trigger --settle --subsystem-match=drm" "$image/shells/$shell/files" | wc -l)" 1
done
exit "$failed"
