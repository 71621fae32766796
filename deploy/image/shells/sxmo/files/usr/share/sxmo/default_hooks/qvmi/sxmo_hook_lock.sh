#!/bin/sh
# Sxmo's lock ends with a press of a button that this device does not have, and asks for nothing. Who may see the phone is
# decided before it is shown, at sign-in.
exec notify-send 'There is no lock here' 'Sign out at your terminal.'
