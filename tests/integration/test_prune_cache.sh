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
holder='' locker=''
trap '[ -z "$holder$locker" ] || kill $holder $locker; rm -rf "$XDG_CACHE_HOME"' EXIT
prune() { "$here/../../deploy/prune-cache" "$@"; }
old() { mkdir -p "${1%/*}"; [ -n "${2:-}" ] && : >"$1" || mkdir "$1"; touch -d '20 days ago' "$1"; }
template() { # template NAME IMAGE [STATE-FOLDER]: an old one, with phones there
	mkdir -p "$cache/templates/$1"
	echo '{"manifest":{"image":{"disk":"'"$cache/images/$2"'/disk.raw"}}}' >"$cache/templates/$1/template.json"
	[ -z "${3:-}" ] || ln -s "$3" "$cache/templates/$1/holder-0123"
	touch -d '20 days ago' "$cache/templates/$1"
}

check 'without a cache there is nothing to do' "$(prune 2>&1)" ''
for name in tiny-guest-aa tiny-guest-open tiny-kernel-bb images/phosh-cc images/phosh-held images/phosh-dd recordings templates; do old "$cache/$name"; done
for name in agent-arm64-dd tiny-guest.lock accelerator.json; do old "$cache/$name" file; done
mkdir -p "$cache/tiny-guest-new" "$cache/images/phosh-new" "$cache/state/uuid" "$cache/elsewhere"
template phone-held phosh-held "$cache/state"
template phone-locked phosh-new
template phone-unused phosh-dd
template phone-left phosh-new "$cache/elsewhere"
template phone-gone phosh-new "$cache/nowhere"
mkdir "$cache/templates/phone-part.part" && touch -d '20 days ago' "$cache/templates/phone-part.part"
echo '{"template_folder":"phone-held"}' >"$cache/state/uuid/phone.json"
flock --shared --no-fork "$cache/templates/phone-locked" sleep infinity & locker=$!
check_soon 'it is locked' locked sh -c "flock -n -x '$cache/templates/phone-locked' true || echo locked"
sleep infinity 3>"$cache/tiny-guest-open/disk" & holder=$!
check_soon 'it is open' "$cache/tiny-guest-open/disk" readlink "/proc/$holder/fd/3"
touch -d '20 days ago' "$cache/tiny-guest-open" "$cache/images" "$cache/templates"

whole=(tiny-kernel-bb tiny-guest-aa templates/phone-{unused,left,gone} images/phosh-{dd,cc} agent-arm64-dd)
gone=$(printf "$cache/%s\n" "${whole[@]}" | xargs)
check 'what would go, but for an image whose template is there still' "$(prune --dry-run | xargs)" "${gone/"$cache/images/phosh-dd "/}"
check 'nothing is asked for in thirty days' "$(prune --days 30)" ''
check 'what is old and unused goes' "$(prune | xargs)" "$gone"
check 'the rest is there' "$(cd "$cache" && echo * images/* templates/*)" \
	'accelerator.json elsewhere images prune.lock recordings state templates tiny-guest-new tiny-guest-open tiny-guest.lock images/phosh-held images/phosh-new templates/phone-held templates/phone-locked templates/phone-part.part'
kill "$holder" "$locker"
wait "$holder" "$locker" 2>/dev/null || true
holder='' locker=''
rm "$cache/state/uuid/phone.json"
check 'nobody has it open any more' "$(prune | xargs)" \
	"$cache/tiny-guest-open $cache/templates/phone-locked $cache/templates/phone-held $cache/images/phosh-held"
check 'again there is nothing' "$(prune)" ''
check 'no number of days' "$(prune --days soon 2>&1 || echo "$?")" '*not a number*2'
check 'nor none at all' "$(prune --days 0 2>&1 || echo "$?")" '*not a number*2'
exit "$failed"
