# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by the benches of the host: a qvisord of its own, on the real phone or the guest that MANIFEST names. Ends with the script, and
# with it every phone.
#
#   host_start [PRESPAWN]        answers when the template is there: `template`; again with another PRESPAWN after host_end
#                                TB_SIZE: another code cache, in MiB
#                                MEM_MERGE: KSM may merge the phones' memory (docs/decisions/102)
#                                ZYGOTES=0: no clone is forked, each loads its state
#                                JAIL=0: no jails, which are there where root measures and can make them
#   host_warm                    clones one, and answers when clones of the template are forked
#   host_end                     phones run on, as they do
#   api METHOD PATH [JSON]       prints the answer's body; fails with it
#   clone                        prints "UUID MILLISECONDS", from the request to its answer
#   percentile P                 of the numbers on stdin, nearest rank
#   until_true SECONDS COMMAND...
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
QVMI_BIN=${QVMI_BIN:-$PWD/build/gcc/bin}
work=$(mktemp -d "${TMPDIR:-/tmp}/qvmi-bench.XXXXXX")
templates=${TEMPLATES:-${XDG_CACHE_HOME:-$HOME/.cache}/qvmi/templates}
pid='' launcher='' template='' manifest=''
say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

api() {
	local method=$1 path=$2
	shift 2
	curl --silent --show-error --fail-with-body --unix-socket "$work/qvisord.sock" --request "$method" "http://qvisord$path" \
		${1:+--header 'Content-Type: application/json' --data "$1"}
}
until_true() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || { say "waited too long for: $*"; return 1; }
		sleep 0.1
	done
}
answers() { api GET /readyz >/dev/null 2>&1; }
# A guest without a disk has nothing to boot from again, it is cloned each time: what its template took stands for it.
has_disk() { jq -e .image.disk "$manifest" >/dev/null; }
phone_is() { [ "$(api GET "/v1/phones/$1" | jq -r "$2")" = true ]; } # phone_is UUID JQ-EXPRESSION

may_jail() { [ "${JAIL:-1}" = 1 ] && [ "$(id -u)" = 0 ] && unshare --mount --pid --net --ipc --uts --user true 2>/dev/null; }
# Each in jails of their own, but not their qvisord: who measures reads what it writes.
jail_start() {
	mkdir -p "$work/phones" "$templates"
	"$QVMI_BIN/qvisor-launch" --socket "$work/launch.sock" --user root --state-folder "$work/phones" --template-folder "$templates" 2>>"$work/log" &
	launcher=$!
	until_true 30 test -S "$work/launch.sock"
	say 'phones are in jails'
}

host_start() {
	[ -n "$launcher" ] || ! may_jail || jail_start
	manifest=${MANIFEST:-}
	[ -n "$manifest" ] || manifest=$(deploy/image/build-phone | tail -n 1)/manifest.json
	cat >"$work/qvisord.conf" <<-END
		[host]
		id=bench
		state-folder=$work/phones
		template-folder=$templates
		max-phones=2000
		prespawn=${1:-0}
		${TB_SIZE:+tb-size-mib=$TB_SIZE}
		${TB_SIZE:+zygote-tb-size-mib=$TB_SIZE}
		${MEM_MERGE:+mem-merge=true}
		${ZYGOTES:+zygotes=$ZYGOTES}
		${launcher:+launcher=$work/launch.sock}
		[phone]
		network=isolated
		[listen]
		unix=$work/qvisord.sock
		display=$work/display.sock
	END
	# In a session of its own: what ends this script must not end it before it has destroyed the phones.
	setsid "$QVMI_BIN/qvisord" --config "$work/qvisord.conf" 2>>"$work/log" &
	pid=$!
	until_true 60 answers || { cat "$work/log" >&2; return 1; }
	say "the template of $manifest (booted once if it is not in the cache)"
	local operation
	operation=$(api POST /v1/templates "{\"manifest\":\"$manifest\"}" | jq -r .id)
	until_true 400 eval "[ \"\$(api GET /v1/operations/$operation | jq -r .state)\" != running ]"
	template=$(api GET "/v1/operations/$operation" | jq -er .result.name) ||
		{ api GET "/v1/operations/$operation" >&2; return 1; }
	# A daemon that starts verifies the checksums of all templates it finds: not what is measured here.
	until_true 120 eval "[ \"\$(api GET /v1/templates | jq '[.templates[].verified] | all')\" = true ]"
}
forks() { api GET /v1/host | jq -e '.zygotes.limit == 0 or any(.zygotes.zygotes[]; .state == "ready")' >/dev/null; }
host_warm() {
	local uuid
	read -r uuid _ < <(clone)
	api DELETE "/v1/phones/$uuid"
	until_true 300 forks
}
host_end() {
	kill -TERM "$pid"
	wait "$pid" || true
	pid=''
}
host_clean() {
	local uuid
	if [ -n "$pid" ]; then
		for uuid in $(api GET /v1/phones 2>/dev/null | jq -r '.phones[].uuid'); do api DELETE "/v1/phones/$uuid" || true; done
		host_end
	fi
	[ -z "$launcher" ] || kill "$launcher"
	[ ! -d "$work/phones" ] || [ -z "$(ls -A "$work/phones")" ] || say "left over: $(ls "$work/phones")"
	[ -z "${KEEP_LOG:-}" ] || cp "$work/log" "$KEEP_LOG"
	rm -rf "$work"
}
trap host_clean EXIT
trap 'exit 130' INT TERM

clone() {
	curl --silent --show-error --fail-with-body --unix-socket "$work/qvisord.sock" http://qvisord/v1/phones \
		--header 'Content-Type: application/json' --data "{\"template\":\"$template\"}" --write-out '\n%{time_total}' |
		jq -rs '"\(.[0].uuid) \(.[1] * 1000)"'
}
percentile() { jq -s --argjson p "$1" 'sort | .[([length * $p / 100 | ceil, 1] | max) - 1] * 10 | round / 10'; }
