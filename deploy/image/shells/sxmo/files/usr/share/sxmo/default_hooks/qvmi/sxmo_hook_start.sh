#!/bin/sh
# Run by sway once it is up. Of what Sxmo starts on a handset, no sound, modem, battery and network watch: this device has
# no such parts, and what wakes up each minute does so in every clone.
. sxmo_common.sh
systemctl --user import-environment PATH HOME WAYLAND_DISPLAY SWAYSOCK BEMENU_OPTS KEYBOARD TERMCMD BROWSER EDITOR OS \
	SXMO_WM SXMO_DEVICE_NAME SXMO_MONITOR SXMO_STATE SXMO_CACHEDIR SXMO_NOTIFDIR SXMO_LOGDIR SXMO_BLOCKDIR \
	SXMO_BLOCKFILE SXMO_CONTACTFILE SXMO_UNSUSPENDREASONFILE SXMO_LISGD_INPUT_DEVICE XDG_CONFIG_HOME XDG_CACHE_HOME \
	XDG_DATA_HOME XDG_DATA_DIRS XDG_STATE_HOME XDG_CURRENT_DESKTOP MOZ_ENABLE_WAYLAND SDL_VIDEODRIVER
mkdir -p "$SXMO_NOTIFDIR"
sxmo_status.sh reset
sxmo_daemons.sh start statusbar_periodics sxmo_run_aligned.sh 60 sxmo_hook_statusbar.sh time
sxmo_hook_unlock.sh
systemctl --user start sxmo_desktop_widget
# The agent looks for this file.
touch "$XDG_RUNTIME_DIR/shell-ready"
