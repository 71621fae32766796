#!/bin/sh
# What a finger's gesture does. The frequent ones go to a program at once: Sxmo's own script, which knows all the others, starts
# a dozen first, and in a clone none of them has been translated yet.
case $1 in
downtopedge) pgrep -x bemenu >/dev/null || exec j4-dmenu-desktop --no-generic --dmenu='bemenu -i -p Apps -l 12' --term=sxmo_terminal.sh ;;
uptopedge) exec pkill -x bemenu ;;
upbottomedge) pgrep -x "$KEYBOARD" >/dev/null || exec "$KEYBOARD" ;;
downbottomedge) exec pkill -x "$KEYBOARD" ;;
rightleftedge) exec swaymsg --quiet focus left ;;
leftrightedge) exec swaymsg --quiet focus right ;;
*) exec /usr/share/sxmo/default_hooks/three_button_touchscreen/sxmo_hook_inputhandler.sh "$@" ;;
esac
