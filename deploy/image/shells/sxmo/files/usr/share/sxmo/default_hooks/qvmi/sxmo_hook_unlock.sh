#!/bin/sh
# The one state of this device: fingers are listened to.
. sxmo_common.sh
printf unlock >"$SXMO_STATE"
sxmo_hook_statusbar.sh state
systemctl --user start sxmo_hook_lisgd
