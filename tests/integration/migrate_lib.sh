# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Sourced by test_migrate_*.sh: two hosts, one and two, with certificates of one authority and the same template, without a pool.
set -euo pipefail
bin=${QVMI_BIN:?the folder of the binaries}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/lib/check.sh
. "$here/../lib/check.sh"
# shellcheck source=tests/lib/certificate.sh
. "$here/../lib/certificate.sh"
tiny=$("$here/../guest/build" | tail -n 1)
work=$(mktemp -d) code='' body=''
declare -A pids=() port=() reserve=() host_also=() listen_also=() pool_also=()

# Clones have the template of their host in their command line.
our_qemus() { # our_qemus [HOST]
	pgrep -f "^qemu-system.*$work/${1:-[a-z]*}/templates/" || true
}
clean_up() {
	[ ${#pids[@]} = 0 ] || kill -9 "${pids[@]}" 2>/dev/null || true
	local qemu
	for qemu in $(our_qemus); do kill -9 "$qemu" 2>/dev/null || true; done
	[ "$failed" = 0 ] || tail -n 40 "$work"/*.log
	rm -rf "$work"
}
trap clean_up EXIT
trap 'failed=1' ERR

chmod 755 "$work" # phones in jails have users of their own
authority "$work/ca"
certificate "$work/ca" "$work/qvisord"
first=$(free_ports 4)
for host in one two; do
	certificate "$work/ca" "$work/$host" "host:$host"
	port[$host]=$first port[$host-link]=$((first + 1))
	first=$((first + 2))
	mkdir -p "$work/$host/phones" "$work/$host/templates"
done

host_conf() { # host_conf HOST
	{
		printf '[host]\nid=%s\nstate-folder=%s/%s/phones\ntemplate-folder=%s/%s/templates\n' "$1" "$work" "$1" "$work" "$1"
		printf 'prespawn=0\nzygotes=0\ndisk-reserve-mib=%s\n' "${reserve[$1]:-1}"
		[ -z "${jailed:-}" ] || printf 'launcher=%s/%s.launch\n' "$work" "$1"
		printf '%s\n' "${host_also[$1]:-}"
		printf '[phone]\nnetwork=%s\n' "${network:-isolated}"
		printf '[listen]\nunix=%s/%s.sock\ndisplay=%s/%s.display\n' "$work" "$1" "$work" "$1"
		printf 'certificate=%s/qvisord.pem\nkey=%s/qvisord.key\nclient-ca=%s/ca.pem\n' "$work" "$work" "$work"
		printf '%s\n' "${listen_also[$1]:-}"
		printf '[pool]\nca=%s/ca.pem\ncertificate=%s/%s.pem\nkey=%s/%s.key\n' "$work" "$work" "$1" "$work" "$1"
		printf '%s\n' "${pool_also[$1]:-}"
		printf '[migration]\naddress=127.0.0.1\nport=%s\n' "${port[$1-link]}"
	} >"$work/$1.conf"
}
host_ready() { curl -s -o /dev/null -w '%{http_code}' --unix-socket "$work/$1.sock" http://q/readyz; }
# With `jailed` set its phones are in jails, which root only can make.
launcher_start() {
	"$bin/qvisor-launch" --socket "$work/$1.launch" --user root --state-folder "$work/$1/phones" --template-folder "$work/$1/templates" --uid-count 5 \
		--first-uid $((300000 + $$ * 20 + ${#pids[@]} * 5)) 2>>"$work/$1.launch.log" &
	pids[$1-launcher]=$!
	eventually test -S "$work/$1.launch"
}
host_start() {
	host_conf "$1"
	[ -z "${jailed:-}" ] || [ -n "${pids[$1-launcher]:-}" ] || launcher_start "$1"
	"$bin/qvisord" --config "$work/$1.conf" 2>>"$work/$1.log" &
	pids[$1]=$!
	check_soon "host $1 is ready" 200 host_ready "$1"
}
host_end() { # host_end SIGNAL HOST
	kill "-$1" "${pids[$2]}"
	wait "${pids[$2]}" 2>/dev/null || true
	unset "pids[$2]"
}
api() { # api HOST METHOD PATH [JSON]: sets code and body
	local answer
	answer=$(curl -s -m 120 -w '\n%{http_code}' --unix-socket "$work/$1.sock" -X "$2" \
		${4:+-H 'Content-Type: application/json' -d "$4"} "http://q$3")
	code=${answer##*$'\n'} body=${answer%$'\n'*}
}
field() { jq -r "$1" <<<"$body"; }
ask() { api "$1" GET "$2"; field "$3"; } # ask HOST PATH JQ
build_template() { # build_template MANIFEST: on one, copied to two, which is not running
	api one POST /v1/templates "{\"manifest\":\"$1\"}"
	check_soon 'the template is built' succeeded ask one "/v1/operations/$(field .id)" .state
	cp -a "$work/one/templates/." "$work/two/templates/"
}
tiny_manifest() { # tiny_manifest NAME JQ-EXPRESSION
	jq "(.image |= with_entries(if .key == \"cmdline\" then . else .value = \"$tiny/\" + .value end)) | $2" \
		"$tiny/manifest.json" >"$work/$1.json"
	echo "$work/$1.json"
}
picture() { "$bin/qvmi-display-probe" "$work/$1.display" "$2"; } # picture HOST UUID
differs() { [ "$(picture "$1" "$2")" = "$3" ] || echo differs; } # differs HOST UUID PICTURE
# Which of the two have it, and in which state.
where() {
	local host
	for host in one two; do
		ask "$host" '/v1/phones?state=all' ".phones[] | select(.uuid == \"$1\") | \"$host \\(.state)\""
	done | xargs
}
# The phone `uuid` runs on one of them and is not on its way.
settled() {
	local at
	at=$(where "$uuid")
	[[ $at == @(one|two)' running' && $(ask "${at% *}" "/v1/phones/$uuid" .moving_to) == null ]]
}
invite() { # invite UUID FROM TO: sets ticket and place
	api "$3" POST /v1/arrivals "{\"phone\":\"$1\",\"from\":\"$2\"}"
	ticket=$(field .ticket) place=$(field .to)
}
move() { # move UUID FROM TO: sets operation
	invite "$@"
	api "$2" POST "/v1/phones/$1/migrate" "{\"to\":\"$place\",\"ticket\":\"$ticket\"}"
	operation=$(field .id)
}
moved() { # moved FROM STATE: waits for the operation to be so; body is it
	check_soon "the move ends: $2" "$2" ask "$1" "/v1/operations/$operation" .state
	api "$1" GET "/v1/operations/$operation"
}
finish() {
	check_soon 'no QEMU is left over' '' our_qemus
	check 'no phone is left over' "$(ls "$work/one/phones" "$work/two/phones" | grep -v : | xargs)" ''
	check 'no mark of an arrival' "$(find "$work"/*/phones/.arrivals -type f 2>/dev/null)" ''
	exit "$failed"
}
