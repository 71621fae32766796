#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Pruning of the cache: what is old goes, what is used, new or not ours stays.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/lib/check.sh
. "$here/../lib/check.sh"
export XDG_CACHE_HOME
XDG_CACHE_HOME=$(mktemp -d)
cache=$XDG_CACHE_HOME/qvmi
holder=''
trap '[ -z "$holder" ] || kill "$holder"; rm -rf "$XDG_CACHE_HOME"' EXIT
prune() { "$here/../../deploy/prune-cache" "$@"; }
old() { mkdir -p "${1%/*}"; [ -n "${2:-}" ] && : >"$1" || mkdir "$1"; touch -d '20 days ago' "$1"; }

check 'without a cache there is nothing to do' "$(prune 2>&1)" ''
for name in tiny-guest-aa tiny-guest-open tiny-kernel-bb images/phosh-cc images/phosh-held recordings templates; do old "$cache/$name"; done
for name in agent-arm64-dd tiny-guest.lock accelerator.json; do old "$cache/$name" file; done
mkdir "$cache/tiny-guest-new" "$cache/images/phosh-new" "$cache/templates/phone-1"
echo '{"manifest":{"image":{"disk":"'"$cache"'/images/phosh-held/disk.raw"}}}' >"$cache/templates/phone-1/template.json"
sleep infinity 3>"$cache/tiny-guest-open/disk" & holder=$!
check_soon 'it is open' "$cache/tiny-guest-open/disk" readlink "/proc/$holder/fd/3"
touch -d '20 days ago' "$cache/tiny-guest-open" "$cache/images" "$cache/templates"

gone="$cache/agent-arm64-dd $cache/images/phosh-cc $cache/tiny-guest-aa $cache/tiny-kernel-bb"
check 'what would go' "$(prune --dry-run | xargs)" "$gone"
check 'nothing is asked for in thirty days' "$(prune --days 30)" ''
check 'what is old and unused goes' "$(prune | xargs)" "$gone"
check 'the rest is there' "$(cd "$cache" && echo * images/* templates/*)" \
	'accelerator.json images prune.lock recordings templates tiny-guest-new tiny-guest-open tiny-guest.lock images/phosh-held images/phosh-new templates/phone-1'
kill "$holder"
wait "$holder" 2>/dev/null || true
holder=''
check 'nobody has it open any more' "$(prune)" "$cache/tiny-guest-open"
check 'again there is nothing' "$(prune)" ''
check 'no number of days' "$(prune --days soon 2>&1 || echo "$?")" '*not a number*2'
check 'nor none at all' "$(prune --days 0 2>&1 || echo "$?")" '*not a number*2'
exit "$failed"
