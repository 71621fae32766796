#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# People with a Kerberos ticket: the page in headless Chromium, and mtp-client, against the real broker, KDC and directory.
set -euo pipefail
bin=${QVMI_BIN:?the folder of the binaries}
cd "$(dirname "$0")/../.."
[ -s build/web/client/app.js ] || make --no-print-directory web-client
[ -d tests/browser/node_modules ] || (cd tests/browser && npm ci --silent)
. tests/lib/check.sh
. tests/lib/certificate.sh
# shellcheck source=tests/lib/broker.sh
. tests/lib/broker.sh
. tests/lib/realm.sh
work=$(mktemp -d) pid=''
trap '[ -z "$pid" ] || kill -9 "$pid" 2>/dev/null || true; realm_end; rm -rf "$work"' EXIT
realm_begin "$work/realm"
authority "$work/server"
port=$(free_ports 1)
url=https://localhost:$port
realm_ready "$work/realm"
broker_conf "$work" "$port" "$work/server" "$work/no-pool.sock" | sed "/^unix=/a web-folder=$PWD/build/web/client" >"$work/broker.conf"
realm_broker "$work/realm" >>"$work/broker.conf"
printf "[second-factor]\nafter-password=group:sales\nkey=%s/factor.key\n" "$work" >>"$work/broker.conf"
(umask 077; openssl rand -out "$work/factor.key" 32)
"$bin/brokerd" --config "$work/broker.conf" 2>"$work/log" &
pid=$!
eventually curl -sf -o /dev/null --unix-socket "$work/brokerd.sock" http://b/readyz || { cat "$work/log"; exit 1; }
admin() { curl -s -o /dev/null --unix-socket "$work/brokerd.sock" -H 'Content-Type: application/json' -d "$1" "http://b$2"; }
admin '{"id":"phone","name":"Phone","kind":"phone","pool":"phone"}' /v1/packages
admin '{"group":"staff"}' /v1/packages/phone/grants
realm_ticket "$work/realm" dave "$work/dave.cc"
export KRB5_CONFIG=$work/realm/krb5.conf KRB5CCNAME=FILE:$work/dave.cc

client() { "$bin/mtp-client" "$url" --ca-file "$work/server.pem" --kerberos --headless 2>&1 || true; }
# Signed in, and then there is no phone: this broker has no pool.
check 'mtp-client signs in with the ticket' "$(client)" '*pool manager*'
check 'as whom it belongs to' "$(grep -c 'dave signed in' "$work/log")" 1
check 'without a ticket it says what to do' "$(KRB5CCNAME=FILE:$work/none client)" '*kinit*'

if [ -z "${SANITIZED:-}" ]; then # nothing of ours is in Chromium
	realm_password "$work/realm" dave >"$work/password"
	QVMI_URL=$url QVMI_CA=$work/server.pem QVMI_USER=dave QVMI_PASSWORD_FILE=$work/password QVMI_TICKET=dave QVMI_PROFILE=$work/profile \
		QVMI_SCREENSHOTS=build/browser/ticket CHROMIUM_ARGS=--auth-server-allowlist=localhost \
		timeout 120 node tests/browser/test_ticket.mjs || failed=1
	realm_password "$work/realm" alice >"$work/password"
	QVMI_URL=$url QVMI_CA=$work/server.pem QVMI_USER=alice QVMI_PASSWORD_FILE=$work/password QVMI_SCREENSHOTS=build/browser/second-factor \
		timeout 120 node tests/browser/test_second_factor.mjs || failed=1
fi
[ "$failed" = 0 ] || cat "$work/log"
exit $failed
