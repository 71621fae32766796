#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The browser page on the system that runs (tests/lib/system.sh's variables): the same user, so the same phone as before.
set -euo pipefail
cd "$(dirname "$0")/../browser"
[ -d node_modules ] || npm ci --no-audit --no-fund --loglevel=error
export QVMI_URL=$BROKER QVMI_USER=$DEMO_USER QVMI_PASSWORD_FILE=$DEMO_PASSWORD_FILE QVMI_CA=$CA
QVMI_SCREENSHOTS=$PWD/../../build/browser exec node test_client.mjs
