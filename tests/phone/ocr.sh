# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced: what can be read in a picture of a phone.

# Light letters on a photograph: their negative at twice the size, by Sauvola's threshold, which is each neighbourhood's own and
# meant for dark letters on a changing ground (one threshold for the whole picture loses what the wallpaper's beams cross).
# Tesseract is asked twice, for scattered words and for a page, and spaces do not count: it is the phone that is judged here.
written() { # written FILE: the text in it
	local mode
	for mode in 11 6; do
		pngtopnm "$1" | ppmtopgm | pnminvert | pamscale 2 |
			tesseract - - --psm "$mode" -c thresholding_method=2 2>/dev/null | tr -d '[:space:]'
		echo
	done
}
