#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What is wrong is said so that one knows what to do, with an exit code that means it, and nothing is left over.
# shellcheck source=/dev/null disable=SC2154
. "$(dirname "$0")/up_lib.sh"

try() { # try WHAT EXIT-CODE TEXT(glob) [OPTION...]
	local what=$1 wanted=$2 text=$3
	shift 3
	start "$@"
	[ -z "$up" ] || end INT
	check "$what: exit code" "$code" "$wanted"
	check "$what: says why" "$(cat "$work/up.out")" "$text"
	gone "$what"
	check "$what: no run folder" "$(ls "$XDG_RUNTIME_DIR")" ''
}

try 'no image' 3 '*there is no phone to clone yet*deploy/image/build-phone*'
try 'a manifest that is not there' 3 '*/none.json*deploy/image/build-phone*' --manifest "$work/none.json"
echo '{"format": 1, "name": "x"' >"$work/cut.json"
try 'a manifest cut short' 2 '*cut.json*cut short*' --manifest "$work/cut.json"
try 'an address that is none' 2 '*--bind*"here"*' --bind here
try 'ports out of range' 2 '*--ports*1024*' --ports 80
try 'an unknown option' 2 '*unknown option --colour*' --colour

# An image that never gets ready.
mkdir "$work/dead"
cp "$tiny/initrd.img" "$tiny/vmlinux" "$work/dead/"
jq '.image.cmdline += " rdinit=/nothing panic=0" | .ready.timeout_s = 10 | .name = "dead"' "$tiny/manifest.json" >"$work/dead/manifest.json"
try 'an image that never gets ready' '[15]' '*template could not be built*' --manifest "$work/dead/manifest.json"

# A daemon that cannot start: the end of its log is shown.
head -c 8192 /dev/urandom >"$work/state/poold.sqlite"
try 'a damaged database' 5 '*poold ended with exit code 8*not a database*'
rm "$work/state/poold.sqlite"*

# Ctrl-C while the template is being built.
: >"$work/up.out"
"$qvmi" up --state "$work/state" --cache "$work/cache" --ports "$ports" --manifest "$tiny/manifest.json" >>"$work/up.out" 2>&1 &
up=$!
for _ in $(seq 1200); do ! grep -q '^template' "$work/up.out" || break; sleep 0.05; done
end INT
check 'Ctrl-C while starting ends well' "$code" 0
gone 'Ctrl-C while starting'
try 'and the next start works' 0 '*QVMI is up*' --manifest "$tiny/manifest.json"
finish
