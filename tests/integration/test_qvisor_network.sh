#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The phones' network, tried from inside: a program in the phone (tests/guest/probe.c) wants to reach another phone, the
# host, the control plane, metadata services and private networks, by IPv4 and IPv6; and reaches the Internet only, which
# is a namespace of this test's own.
if [ -z "${QVMI_TEST_NETWORK:-}" ]; then
	# A machine for the test: it has a network of its own and may change it.
	if [ "$(id -u)" = 0 ]; then unshare=(unshare --net --mount); else unshare=(unshare --map-root-user --net --mount); fi
	if ! "${unshare[@]}" sh -c 'ip link add name veth0 type veth peer name veth1 && [ -w /dev/net/tun ] &&
		unshare --user --map-root-user true' 2>/dev/null; then
		echo 'SKIP no user namespaces (as in a chroot), or no /dev/net/tun: no network can be made'
		exit 0
	fi
	"$(dirname "$0")/../guest/build" >/dev/null
	export QVMI_TEST_NETWORK=1
	exec "${unshare[@]}" "$0"
fi
# shellcheck source=tests/integration/qvisor_lib.sh
source "$(dirname "$0")/qvisor_lib.sh"
servers=() peer=''
end_servers() { for server in "${servers[@]}" $peer; do kill "$server" 2>/dev/null || true; done; }
trap 'end_servers; clean_up' EXIT

# --- the machine, and the Internet behind it ---
unshare --net sleep 600 &
peer=$!
until [ "$(readlink "/proc/$peer/ns/net")" != "$(readlink /proc/$$/ns/net)" ]; do sleep 0.02; done
there() { nsenter --net="/proc/$peer/ns/net" "$@"; }
ip link set lo up
there ip link set lo up
ip link add name up0 type veth peer name wire netns "$peer"
ip addr add 198.51.100.1/24 dev up0
ip addr add 2001:db8:1::1/64 dev up0 nodad
ip addr add fe80::77/64 dev up0 nodad
ip link set up0 up
there ip addr add 198.51.100.2/24 dev wire
there ip addr add 2001:db8:1::2/64 dev wire nodad
# What is also out there, and not the Internet: a private network, a cloud's metadata, the company's control plane.
there ip addr add 10.1.2.3/32 dev lo
there ip addr add 192.168.7.7/32 dev lo
there ip addr add 169.254.169.254/32 dev lo
there ip addr add 203.0.113.9/32 dev lo
there ip addr add 203.0.113.80/32 dev lo
there ip addr add 100.64.7.7/32 dev lo
there ip addr add fd12:3456::1/128 dev lo nodad
there ip addr add fe80::99/64 dev wire nodad
there ip addr add fd00:ec2::254/128 dev lo nodad
there ip addr add 2001:db8:9::9/128 dev lo nodad
there ip link set wire up
ip route add default via 198.51.100.2
ip -6 route add default via 2001:db8:1::2
# The host's other side.
ip link add name inside type veth peer name inside1
ip addr add 203.0.113.1/24 dev inside
ip addr add 2001:db8:2::1/64 dev inside nodad
ip link set inside up
ip route add 203.0.113.9/32 via 198.51.100.2
ip route add 203.0.113.80/32 via 198.51.100.2

# Whoever connects is let in; whatever comes by UDP is answered.
nsenter --net="/proc/$peer/ns/net" "$QVMI_BIN/qvmi-echo" 7 >"$work/heard.there" &
servers+=($!)
"$QVMI_BIN/qvmi-echo" 7 >"$work/heard.here" &
servers+=($!)
reaches() { timeout 5 bash -c ": </dev/tcp/$1/7" && echo yes; }
check_soon 'the test itself reaches them: the Internet' yes reaches 198.51.100.2
check_soon '  the control plane' yes reaches 203.0.113.9
check_soon '  metadata' yes reaches 169.254.169.254
check_soon '  the host' yes reaches 203.0.113.1
check_soon '  by IPv6' yes reaches 2001:db8:1::2
check_soon '  a neighbour by its link only' yes reaches fe80::99%up0
check_soon '  the host by that' yes reaches fe80::77%up0
check_soon '  a network of its provider' yes reaches 100.64.7.7
check_soon '  a private one by IPv6' yes reaches fd12:3456::1

: >"$work/heard.here"

reached=(tcp:198.51.100.2:7 udp:198.51.100.2:7 tcp:203.0.113.80:7 'tcp:[2001:db8:1::2]:7' 'udp:[2001:db8:1::2]:7')
allowed=(tcp:10.1.2.3:7) # by network.allow, although it is private
silent=(
	tcp:198.51.100.1:7 udp:198.51.100.1:7 tcp:203.0.113.1:7 tcp:127.0.0.1:7 'tcp:[2001:db8:1::1]:7' 'tcp:[2001:db8:2::1]:7' 'tcp:[::1]:7'
	tcp:10.66.0.1:7 udp:10.66.0.1:7 'tcp:[fe80::1]:7' 'tcp:[::ffff:198.51.100.1]:7'
	tcp:203.0.113.9:7 udp:203.0.113.9:7 'tcp:[2001:db8:9::9]:7'
	tcp:169.254.169.254:7 udp:169.254.169.254:7 'tcp:[fd00:ec2::254]:7'
	tcp:192.168.7.7:7 udp:192.168.7.7:7 tcp:192.168.7.7:53 udp:10.1.2.4:53
	tcp:10.66.0.3:7 udp:10.66.0.3:7 'tcp:[fd66::3]:7'
	'tcp:[fe80::77]:7' 'udp:[fe80::77]:7' 'tcp:[fe80::99]:7' 'udp:[fe80::99]:7' 'udp:[ff02::1]:7'
	tcp:100.64.7.7:7 'tcp:[fd12:3456::1]:7' tcp:0.0.0.0:7 udp:255.255.255.255:7 udp:10.66.0.255:7 udp:224.0.0.1:7
)
all=("${reached[@]}" "${allowed[@]}" "${silent[@]}")
probing=$(tiny_manifest probing ".name = \"probing\" | .image.cmdline += \" qvmi.probe=$(IFS=,; echo "${all[*]}")\"")
network=internet
listen_also=$'[network]\nallow=10.1.2.3\nnamed=office: 203.0.113.80 2001:db8:1::2; lab: 192.168.7.7\ndeny=203.0.113.9, 2001:db8:9::/48\ndns=192.168.7.7'
start_qvisord
build_template "$probing"
check 'a template' "$(field .state)" succeeded

# --- two phones, both of which try everything; and two whose pools have a policy of their own ---
begin=$(date +%s%N)
uuids=()
for i in 1 2; do
	api POST /v1/phones '{"template":"probing"}'
	check 'a phone' "$code" 201
	uuids+=("$(field .uuid)")
	[ "$i" = 1 ] || continue
	# Where the phones' passts are: who got there would be among the other phones.
	nsenter --user --net --preserve-credentials --target "$(jq .fence.pid "$state/.network.json")" "$QVMI_BIN/qvmi-echo" 7 >"$work/heard.fence" &
	servers+=($!)
	listening() { grep -c ':0007 .* 0A ' "/proc/${servers[-1]}/net/tcp6"; }
	check_soon 'somebody listens where the other phones'\'' passts are' 1 listening
done
api POST /v1/phones '{"template":"probing","network":"lab, office,lab"}'
check 'one for an office' "$code $(field .network)" '201 lab,office'
office=$(field .uuid)
api POST /v1/phones '{"template":"probing","network":"none"}'
check 'one for nothing' "$code $(field .network)" '201 none'
none=$(field .uuid)
api POST /v1/phones '{"template":"probing","network":"internet,elsewhere"}'
check 'a network that is not here is refused, and which are is said' "$code $(field .detail)" '400 *"elsewhere"*internet, lab, office*'
said "${uuids[0]}" 'probe: eth0 is up'
echo "     two phones: first request to configured interface $((($(date +%s%N) - begin) / 1000000)) ms"
for uuid in "${uuids[@]}"; do
	said "$uuid" 'probe: done'
	for target in "${reached[@]}" "${allowed[@]}"; do
		check "$target is reached" "$(grep -F "probe: $target " "$work/console.$uuid")" '* reached'
	done
	for target in "${silent[@]}"; do
		check "$target is not" "$(grep -F "probe: $target " "$work/console.$uuid")" '* silent'
	done
done
said "$office" 'probe: done'
for target in "${all[@]}"; do
	case $target in # lab has 192.168.7.7, which is also the resolver
		*203.0.113.80:7 | *2001:db8:1::2]:7 | *192.168.7.7:7) want=reached ;;
		*) want=silent ;;
	esac
	check "from the office $target is $want" "$(grep -F "probe: $target " "$work/console.$office")" "* $want"
done
said "$none" 'probe: done'
check 'from nowhere nothing is reached' "$(grep -c 'probe: .* reached' "$work/console.$none" || true)" 0
check 'nobody on this machine was spoken to' "$(tr -d '\0' <"$work/heard.here")" ''
check 'nor anybody among the phones' "$(tr -d '\0' <"$work/heard.fence")" ''

# --- passt and qvisord ---
passts() {
	local proc
	for proc in /proc/[0-9]*; do
		[[ $(readlink "$proc/fd/2" 2>/dev/null) == "$state"/*/passt.log && $(cat "$proc/comm" 2>/dev/null) == passt* ]] && echo "${proc#/proc/}"
	done
	return 0
}
check 'each has its passt, but for the one that reaches nothing' "$(passts | wc -l)" 3
# The namespaces that the passt of a phone is in, by the names of their networks.
network_of() {
	local record proc fence
	for proc in $(passts); do
		[[ $(readlink "/proc/$proc/fd/2") == */$1/* ]] || continue
		for record in "$state"/.network*.json; do
			fence=$(jq .fence.pid "$record")
			[ "$(readlink "/proc/$proc/ns/net")" != "$(readlink "/proc/$fence/ns/net")" ] || basename "$record"
		done
	done
}
check_soon 'the office is a network of its own' '.network-lab+office.json' network_of "$office"
api PUT "/v1/phones/$office/network" '{"network":"office"}'
check 'a policy changes' "$code $(field .network)" '200 office'
check_soon 'and the phone is in another network' '.network-office.json' network_of "$office"
api PUT "/v1/phones/$office/network" '{"network":"none"}'
check_soon 'or in none' '' network_of "$office"
api PUT "/v1/phones/$office/network" '{"network":null}'
check 'or has the host'\''s own' "$code $(field .network)" '200 null'
check_soon '  again' .network.json network_of "$office"
api PUT "/v1/phones/$office/network" '{"network":"lab"}'
check_soon 'a last change' '.network-lab.json' network_of "$office"
api PUT "/v1/phones/$office/network" '{"network":7}'
check 'what is no policy is refused' "$code" 400
api DELETE "/v1/phones/$none"
read -r old < <(passts)
kill "$old"
others() { passts | grep -vcx "$old"; }
check_soon 'a passt that ended is replaced' 3 others
fence=$(jq .fence.pid "$state/.network.json") uplink=$(jq .uplink.pid "$state/.network.json")
end_qvisord KILL
start_qvisord
check 'only networks that phones use are kept' "$(cd "$state"; echo .network*.json)" '.network-lab.json .network.json'
check 'a restarted qvisord finds the network' "$(jq .fence.pid "$state/.network.json")" "$fence"
check 'the audit holds' "$("$QVMI_BIN/qvmi" audit --config "$work/qvisord.conf" >/dev/null 2>&1; echo $?)" 0
for uuid in "${uuids[@]}" "$office"; do api DELETE "/v1/phones/$uuid"; done
check_soon 'passt ends with its phone' '' passts
end_qvisord TERM
check_soon 'and the network with the last phone' '' readlink "/proc/$fence/exe" "/proc/$uplink/exe"
check 'nothing of it is left' "$(ls -A "$state")" ''
finish
