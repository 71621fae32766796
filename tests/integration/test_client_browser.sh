#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The browser client in headless Chromium against the simulated host. On a running system the same test_client.mjs runs
# with that system's address.
set -euo pipefail
cd "$(dirname "$0")/../.."
[ -d mtp-client/web/node_modules ] && [ -s build/web/client/mtp.wasm ] || make --no-print-directory web-client
[ -d tests/browser/node_modules ] || (cd tests/browser && npm ci --silent)
work=$(mktemp -d)
trap 'kill "${simulated_pid:-}" 2>/dev/null || true; rm -rf "$work"' EXIT
# shellcheck source=tests/browser/simulated.sh
. tests/browser/simulated.sh
simulated_start "$PWD/build/web/client"
export QVMI_URL=$broker QVMI_USER=demo QVMI_PASSWORD_FILE=$work/password QVMI_CA=$work/ca.pem
export QVMI_SCREENSHOTS=build/browser/simulated QVMI_PACKAGE=phone
code=0
node tests/browser/test_keys.mjs || code=1
for test in text client trouble video; do
	timeout 120 node "tests/browser/test_$test.mjs" || code=1
done
# As in a browser that cannot draw in a worker.
QVMI_THREAD=page timeout 120 node tests/browser/test_video.mjs || code=1
QVMI_THREAD=page QVMI_PACKAGE=touch timeout 120 node tests/browser/test_client.mjs || code=1
timeout 120 node tests/browser/test_view.mjs || code=1 # last: its fingers leave the phone as they like
exit "$code"
