#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# make demo-realm on the tiny guest: somebody of the company, from the KDC to the picture of a phone.
# shellcheck source=/dev/null disable=SC2154
. "$(dirname "$0")/up_lib.sh"
DEMO_REALM=$here/../../deploy/realm/demo
QVMI_SKIP_PACKAGES=1 "$DEMO_REALM" --manifest "$tiny/manifest.json" --state "$work/state" --cache "$work/cache" --ports "$ports" >"$work/up.out" 2>&1 &
up=$!
eventually grep -q '^People of' "$work/up.out" || { echo 'FAIL it is not up'; cat "$work/up.out"; failed=1; exit 1; }
awk '$1 == "alice" { print $2; exit }' "$work/up.out" >"$work/password"
url=$(json .broker)
url=https://localhost:${url##*:}
seen() { "$QVMI_BIN/mtp-client" "$url" --user alice --ca-file "$(json .ca_file)" --password-file "$work/password" --headless --screenshot "$work/alice.png"; }
check 'alice has the picture of a phone' "$(eventually seen && head -c 4 "$work/alice.png" | tail -c 3)" PNG
check 'by the package of her group' "$(cli session list --format json | jq -r '.sessions[0] | .user + " " + .package')" 'alice phone'
check 'bob, who has left, has not' "$(awk '$1 == "bob" { print $2; exit }' "$work/up.out" >"$work/bob"; "$QVMI_BIN/mtp-client" "$url" --user bob --ca-file "$(json .ca_file)" --password-file "$work/bob" --headless 2>&1 || true)" '*wrong user name or password*'
end TERM
gone 'afterwards'
finish
