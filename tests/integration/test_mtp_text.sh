#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What is written on a screen, read by the host: pages that Chromium draws, light and dark, with a keyboard of single letters, a
# caret and buttons, at most two characters in a hundred wrong.
set -euo pipefail
cd "$(dirname "$0")/../.."
bin=${QVMI_BIN:?the folder of the binaries}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# shellcheck source=tests/lib/check.sh
. tests/lib/check.sh

page() { # page NAME INK PAPER KEY FONT TEXT...: draws $work/NAME/0.ppm, writes what it says into $work/NAME.txt
	local name=$1 ink=$2 paper=$3 key=$4 font=$5 line letter keys=
	shift 5
	printf '%s\n' "$@" qwertyuiop asdfghjkl zxcvbnm 123 >"$work/$name.txt"
	for line in qwertyuiop asdfghjkl zxcvbnm; do
		keys+='<div>'
		for ((i = 0; i < ${#line}; i++)); do letter=${line:i:1}; keys+="<b>$letter</b>"; done
		keys+='</div>'
	done
	{
		echo "<!doctype html><meta charset=utf-8><style>
			body { margin: 0; width: 720px; height: 1440px; font: 26px $font; color: $ink; background: $paper; position: relative }
			p { margin: 24px } i { border-left: 3px solid #36f; margin-left: 1px }
			div.keys { position: absolute; bottom: 0; width: 100%; text-align: center; background: $key }
			b { display: inline-block; width: 56px; height: 76px; line-height: 76px; margin: 5px; font-weight: normal;
				background: $paper; border-radius: 8px; box-shadow: 0 2px 1px #0006 }</style>"
		printf '<p>%s' "$@"
		echo "<i>&#8203;</i><div class=keys>$keys<div><b style='width: 100px'>123</b></div></div>"
	} >"$work/$name.html"
	mkdir "$work/$name"
	chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --user-data-dir="$work/profile" --window-size=720,1440 \
		--screenshot="$work/$name.png" "file://$work/$name.html" >"$work/chromium.log" 2>&1 ||
		{ cat "$work/chromium.log"; exit 1; }
	pngtopnm "$work/$name.png" >"$work/$name/0.ppm"
}
read_page() { # read_page NAME: prints "characters wrong", or why not
	"$bin/mtp-replay" --text --text-truth "$work/$1.txt" "$work/$1" >"$work/$1.out" 2>&1 || { cat "$work/$1.out"; return; }
	sed -n 's/^text characters=\([0-9]*\) wrong=\([0-9]*\) .*/\1 \2/p' "$work/$1.out"
}
few_wrong() { # few_wrong NAME: of at least a hundred, at most two in a hundred
	local characters wrong
	read -r characters wrong < <(read_page "$1") && [ "${characters:-0}" -ge 100 ] && [ "$wrong" -le $((characters / 50)) ] &&
		echo yes || cat "$work/$1.out"
}

page light '#1b1b1f' '#fdfdfb' '#e4e4e8' 'DejaVu Sans' 'Meeting at nine' 'We shall need six chairs and a jug of water.' 'Bring the keys for the van, please.'
page dark '#dcdce0' '#17171b' '#303036' 'Liberation Sans, DejaVu Sans' 'Notes from Friday' 'Prices went up by 12 percent; nobody asked why.' 'Call Zoe before lunch.'
check 'a light page is read' "$(few_wrong light)" yes
check 'a dark one too' "$(few_wrong dark)" yes
check 'lines are lines' "$(grep -cx 'q w e r t y u i o p' "$work/light.out")" 1

# --- what cannot be compared ---
check 'a truth that is not there' "$("$bin/mtp-replay" --text-truth "$work/none" "$work/light" 2>&1 >/dev/null || echo "exit $?")" '*none*cannot be compared*exit 2'
printf '\xff\xfe' >"$work/bad.txt"
check 'one that is no text' "$("$bin/mtp-replay" --text-truth "$work/bad.txt" "$work/light" 2>&1 >/dev/null || echo "exit $?")" '*bad.txt*not UTF-8*exit 2'
exit "$failed"
