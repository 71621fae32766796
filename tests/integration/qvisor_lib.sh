# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Sourced by test_qvisor_*.sh: a qvisord of its own in a folder of its own, on the tiny guest. PLATFORM=libvirt: under a
# libvirt daemon of its own, too (make integration-libvirt); PLATFORM=libvirt-system: under one that is root's.
# zygotes=1: its clones are forked (make integration-forked).
set -euo pipefail
qvisord=${QVMI_BIN:?the folder of the binaries}/qvisord
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/lib/check.sh
. "$here/../lib/check.sh"
platform=${PLATFORM:-native} platform_also=''
if [ "$platform" != native ]; then
	# shellcheck source=tests/lib/libvirt.sh
	. "$here/../lib/libvirt.sh"
	if [ "$platform" = libvirt ]; then as_user "$0" "$@"; else as_machine "$0" "$@"; fi
fi
tiny=$("$here/../guest/build" | tail -n 1)
work=$(mktemp -d) pid='' code='' body=''
state=$work/phones templates=$work/templates

# Those that clones are forked from, now, by this member: waits pid, waits uuid
waits() {
	[ "${zygotes:-0}" = 0 ] || [ -z "$pid" ] ||
		curl -s -m 5 --unix-socket "$work/qvisord.sock" http://q/v1/host | jq -r "[.zygotes.zygotes[].$1] | join(\" \")" || true
}
# Every QEMU whose log is below our folder, whoever started it, but those that clones are forked from while they are.
our_qemus() {
	local proc waiting
	waiting=$(waits pid)
	for proc in /proc/[0-9]*; do
		[[ " $waiting " != *" ${proc#/proc/} "* ]] || continue
		[[ $(readlink "$proc/fd/2" 2>/dev/null) == @("$work"|"$state"|"$templates")/* && $(tr '\0' ' ' <"$proc/cmdline" 2>/dev/null) == *qvmi-* ]] &&
			echo "${proc#/proc/}"
	done
	return 0
}
# The same of phones' folders.
our_folders() {
	local folder waiting
	waiting=$(waits uuid)
	for folder in "$state"/*; do
		[ ! -e "$folder" ] || [[ " $waiting " == *" ${folder##*/} "* ]] || echo "${folder##*/}"
	done
}
clean_up() {
	[ -z "$pid" ] || kill -9 "$pid" 2>/dev/null || true
	[ "$platform" = native ] || libvirt_stop KILL
	local qemu
	for qemu in $(our_qemus); do kill -9 "$qemu" 2>/dev/null || true; done
	[ "$failed" = 0 ] || { echo '--- qvisord said:'; cat "$work/log" "$work"/libvirt/log 2>/dev/null; }
	rm -rf "$work"
}
trap clean_up EXIT
if [ "$platform" != native ]; then
	if [ "$platform" = libvirt ]; then libvirt_start "$work/libvirt"; else libvirt_start_system "$work/libvirt"; fi
	platform_also="platform=libvirt:$LIBVIRT_URI"
fi

start_qvisord() { # start_qvisord [DISK-RESERVE-MIB]
	{
		printf '[host]\nid=test-host\nstate-folder=%s\ntemplate-folder=%s\n' "$state" "$templates"
		printf 'disk-reserve-mib=%s\nprespawn=%s\nzygotes=%s\nzygote-warm-s=1\n%s\n' "${1:-1}" "${prespawn:-0}" "${zygotes:-0}" "$platform_also"$'\n'"${host_also:-}"
		printf '[phone]\nnetwork=%s\n%s\n' "${network:-isolated}" "${phone_also:-}"
		printf '[listen]\nunix=%s/qvisord.sock\ndisplay=%s/display.sock\n' "$work" "$work"
		printf '%s\n' "${listen_also:-}"
	} >"$work/qvisord.conf"
	"$qvisord" --config "$work/qvisord.conf" 2>>"$work/log" &
	pid=$!
	for _ in $(seq 600); do
		[ "$(curl -s -o /dev/null -w '%{http_code}' --unix-socket "$work/qvisord.sock" http://q/readyz)" = 200 ] && return
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.1
	done
	echo 'FAIL qvisord does not start:'; cat "$work/log"; exit 1
}
end_qvisord() { # end_qvisord SIGNAL
	local status=0
	kill "-$1" "$pid"
	wait "$pid" 2>/dev/null || status=$?
	[ "$1" = KILL ] || check 'qvisord ends in order' "$status" 0
	pid=''
}
api() { # api METHOD PATH [JSON] [curl options]: sets code and body
	local method=$1 path=$2 json=${3:-} answer
	shift $(($# < 3 ? $# : 3))
	answer=$(curl -s -m 120 -w '\n%{http_code}' --unix-socket "$work/qvisord.sock" -X "$method" \
		${json:+-H 'Content-Type: application/json' -d "$json"} "$@" "http://q$path")
	code=${answer##*$'\n'} body=${answer%$'\n'*}
}
field() { jq -r "$1" <<<"$body"; }
wait_for() { # wait_for SECONDS PATH JQ-EXPRESSION: until it is true of the answer
	local i
	for ((i = 0; i < $1 * 10; i++)); do
		api GET "$2"
		[ "$(jq -r "$3" <<<"$body" 2>/dev/null)" = true ] && return
		sleep 0.1
	done
	echo "FAIL waited $1 s for $3 of $2: $body"
	failed=1
}
says() { # says UUID TEXT: what is read of a console is gone from it, so it is kept here
	curl -s -m 60 --unix-socket "$work/qvisord.sock" "http://q/v1/phones/$1/console" | tr -d '\r' >>"$work/console.$1"
	grep -qF "$2" "$work/console.$1"
}
said() { eventually says "$@" || { echo "FAIL the console of $1 never said '$2'"; failed=1; }; }
named() { # named UUID: until its picture shows who it is
	api GET "/v1/phones/$1"
	said "$1" "init: named $(field .name)"
}
# differs UUID PICTURE: from what it shows now?
differs() { [ "$("$QVMI_BIN/qvmi-display-probe" "$work/display.sock" "$1")" = "$2" ] || echo differs; }
operation() { # operation SECONDS: waits for the operation in body; body is it afterwards
	wait_for "$1" "/v1/operations/$(field .id)" '.state != "running"'
}
build_template() { # build_template MANIFEST [JSON members]
	api POST /v1/templates "{\"manifest\":\"$1\"${2:+,$2}}"
	[ "$code" = 202 ] || { echo "FAIL template: $code $body"; failed=1; exit 1; }
	operation 120
	[ "${zygotes:-0}" = 0 ] || wait_for_zygote "$(field .result.name)"
}
wait_for_zygote() { # wait_for_zygote TEMPLATE: its clones are forked from then on; code and body stay
	local before="$code $body"
	api POST /v1/phones "{\"template\":\"$1\"}"
	api DELETE "/v1/phones/$(field .uuid)"
	wait_for 90 /v1/host "any(.zygotes.zygotes[]; .template == \"$1\" and .state == \"ready\")"
	code=${before%% *} body=${before#* }
}
# A manifest in the work folder: the tiny guest's, changed by a jq expression.
tiny_manifest() { # tiny_manifest NAME JQ-EXPRESSION
	jq "(.image |= with_entries(if .key == \"cmdline\" then . else .value = \"$tiny/\" + .value end)) | $2" \
		"$tiny/manifest.json" >"$work/$1.json"
	echo "$work/$1.json"
}
finish() {
	check_soon 'no QEMU is left over' '' our_qemus
	check 'no phone is left over' "$(ls -A "$state")" ''
	exit "$failed"
}
