#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Phones under libvirt's daemon, the short way: cloned with their template's memory, adopted, hung, ended; over a UNIX socket
# and over TLS; and what is refused.
# The suite as a whole under it is `make integration-libvirt`.
if [ "$(id -u)" = 0 ] && ! unshare --user --map-user=1000 --map-group=1000 true 2>/dev/null; then
	echo 'SKIP no user namespaces (as in a chroot): root cannot become the user that libvirt is to run as'
	exit 0
fi
export PLATFORM=libvirt
# shellcheck source=tests/integration/qvisor_lib.sh
source "$(dirname "$0")/qvisor_lib.sh"

# shellcheck source=tests/lib/certificate.sh
. "$here/../lib/certificate.sh"
# What libvirt runs, by its own records.
domains() { (cd "$work/libvirt/run/libvirt/qemu/run" && ls -- *.xml 2>/dev/null | sed 's/\.xml$//' | sort | xargs); }
domain_of() { domains | tr ' ' '\n' | grep -c -- "-$1\$"; }

# --- refused ---
refused() { QVISORD_HOST_PLATFORM=$1 "$qvisord" --config "$work/qvisord.conf" 2>&1 || true; }
start_qvisord
api GET /v1/host
check 'the host says who starts its phones' "$(field '.platform | "\(.name) \(.uri) \(.version)"')" "libvirt $LIBVIRT_URI [1-9]*.*"
check 'and what it keeps them in' "$(field '.jail | "\(.launcher) \(.without | length)"')" 'false 4'
end_qvisord TERM
check 'another platform' "$(refused xen)" '*"native" or "libvirt:URI"*'
check 'a libvirt that is not there' "$(refused "libvirt:qemu:///session?socket=$work/none")" '*does not answer at*'
check 'one that is not of QEMU' "$(refused libvirt:test:///default)" '*libvirt?s driver of TEST*'
check 'and a launcher beside it' "$(QVISORD_HOST_LAUNCHER=$work/launch "$qvisord" --config "$work/qvisord.conf" 2>&1 || true)" '*unset one of the two*'

# --- cloned ---
start_qvisord
build_template "$tiny/manifest.json"
check 'a template is built' "$(field .state)" succeeded
check_soon 'its domain is gone' '' domains
uuids=() pids=()
for i in 1 2; do
	api POST /v1/phones '{"template":"tiny"}'
	check "phone $i" "$code $(field .state)" '201 running'
	uuids+=("$(field .uuid)") pids+=("$(field .pid)")
	check 'it is a domain' "$(domain_of "${uuids[-1]}")" 1
done
echo "     clone_ms=$(field .clone_ms)"
for uuid in "${uuids[@]}"; do wait_for 60 "/v1/phones/$uuid" '.agent.ready and .agent.identity and .health == "ok"'; done
mapped() { grep -c "$templates/tiny-.*/memory" "/proc/$1/maps"; }
check 'its memory is mapped from the template' "$(mapped "${pids[0]}") $(mapped "${pids[1]}")" '[1-9]* [1-9]*'
api GET "/v1/phones/${uuids[0]}/performance"
check 'and most of it shared' "$(field '.private_mb < .rss_mb')" true
check 'its screen is handed out' "$("$QVMI_BIN/qvmi-display-probe" "$work/display.sock" "${uuids[0]}")" '360 720 *'

# --- libvirt's daemon goes, and comes back to listen for TLS; we are killed meanwhile ---
libvirt_stop KILL
api POST /v1/phones '{"template":"tiny"}'
check 'no phone is started without it, and why is said' "$code $(field .detail)" '503 *libvirt does not answer at*'
end_qvisord KILL
authority "$work/ours"
authority "$work/theirs"
libvirt_start_tls "$work/libvirt" "$work/ours" "$(free_ports 1)"
mkdir "$work/stranger"
certificate "$work/theirs" "$work/stranger/client"
mv "$work/stranger/client.pem" "$work/stranger/clientcert.pem"
mv "$work/stranger/client.key" "$work/stranger/clientkey.pem"
cp "$work/ours.pem" "$work/stranger/cacert.pem"
check 'a certificate of another authority is refused' "$(refused "libvirt:${LIBVIRT_URI%%\?*}?pkipath=$work/stranger")" \
	'*does not answer at*'
platform_also="platform=libvirt:$LIBVIRT_URI"
start_qvisord
api GET /v1/host
check 'the host is asked over TLS' "$(field .platform.uri)" 'qemu+tls://*'
api GET '/v1/phones?state=running'
check 'both are adopted' "$(field '[.phones[].pid] | sort | join(" ")')" "$(printf '%s\n' "${pids[@]}" | sort -n | xargs)"
wait_for 60 "/v1/phones/${uuids[0]}" '.agent.ready'

# --- one that hangs, one that is lost ---
kill -STOP "${pids[0]}"
wait_for 60 "/v1/phones/${uuids[0]}" '.health == "hung"'
api DELETE "/v1/phones/${uuids[0]}"
check 'a hung phone is ended' "$code" 204
api POST /v1/phones "{\"template\":\"tiny\",\"uuid\":\"${uuids[0]}\"}"
check 'and another is in its place at once' "$code $(field .state)" '201 running'
end_qvisord KILL
sed -i 's/"pid":[0-9]*/"pid":1/' "$state/${uuids[1]}/phone.json"
start_qvisord
check_soon 'a domain that no record names is ended' 0 domain_of "${uuids[1]}"
check 'the other is not' "$(domain_of "${uuids[0]}")" 1

for uuid in "${uuids[@]}"; do api DELETE "/v1/phones/$uuid"; done
check_soon 'no domain is left over' '' domains
end_qvisord TERM
finish
