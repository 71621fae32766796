#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Two companies whose KDCs trust each other: whose people get in is the broker's word, and nobody turns into a namesake.
set -euo pipefail
brokerd=${QVMI_BIN:?the folder of the binaries}/brokerd
lib=$(dirname "$(realpath "$0")")/../lib
# shellcheck source=tests/lib/check.sh
. "$lib/check.sh"
# shellcheck source=tests/lib/certificate.sh
. "$lib/certificate.sh"
# shellcheck source=tests/lib/broker.sh
. "$lib/broker.sh"
# shellcheck source=tests/lib/realm.sh
. "$lib/realm.sh"
work=$(mktemp -d) pid=''
trap '[ -z "$pid" ] || kill -9 "$pid" 2>/dev/null || true; realm_end; rm -rf "$work"' EXIT
cd "$work"
realm_begin "$work/home"
realm_begin "$work/partner" --realm PARTNER.TEST
authority server
realm_ready "$work/home"
realm_ready "$work/partner"
PATH=$PATH:/usr/sbin:/sbin

# The partner's people may have tickets for our services: one key that both KDCs know (RFC 4120 section 1.2).
for realm in home:QVMI.TEST partner:PARTNER.TEST; do
	KRB5_CONFIG=$work/${realm%:*}/krb5.conf KRB5_KDC_PROFILE=$work/${realm%:*}/kdc.conf \
		kadmin.local -r "${realm#*:}" addprinc -pw 'between the two' krbtgt/QVMI.TEST@PARTNER.TEST >/dev/null 2>kadmin.log || { cat kadmin.log; exit 1; }
done
# As somebody's machine who has to do with both.
kdc() { sed -n 's/^[[:space:]]*kdc = //p' "$1/krb5.conf"; }
cat >krb5.conf <<END
[libdefaults]
	default_realm = QVMI.TEST
	dns_lookup_kdc = false
	dns_lookup_realm = false
	dns_canonicalize_hostname = false
	rdns = false
[realms]
	QVMI.TEST = {
		kdc = $(kdc home)
	}
	PARTNER.TEST = {
		kdc = $(kdc partner)
	}
[domain_realm]
	localhost = QVMI.TEST
END
export KRB5_CONFIG=$work/krb5.conf
port=$(free_ports 1)
url=https://localhost:$port
password() { realm_password "$work/$1" "$2"; }
# Without the directory: it is the home realm's (docs/kerberos.md).
broker_conf "$work" "$port" "$work/server" "$work/no-pool.sock" >broker.conf
realm_broker "$work/home" | sed "/^\[directory]/,\$d; s~^config=.*~config=$work/krb5.conf~" >>broker.conf
sed '/^\[kerberos]/a trusted-realms=PARTNER.TEST' broker.conf >trusting.conf

start() {
	"$brokerd" --config "$1" 2>>log &
	pid=$!
	eventually curl -sf -o /dev/null --unix-socket brokerd.sock http://b/readyz || { echo 'FAIL brokerd does not start:'; cat log; exit 1; }
}
status() { curl -s --noproxy '*' --cacert server.pem -H 'Content-Type: application/json' -o body -w '%{http_code}' "$@"; }
login() { status -d "$(jq -nc --arg u "$1" --arg p "$2" '{user:$u,password:$p}')" "$url/v1/login"; }
ticket() { KRB5CCNAME=FILE:$work/$1.cc status --negotiate -u : -X POST "$url/v1/login/negotiate"; }
password partner alice | KRB5CCNAME=FILE:$work/theirs.cc kinit alice@PARTNER.TEST >/dev/null
password home alice | KRB5CCNAME=FILE:$work/ours.cc kinit alice@QVMI.TEST >/dev/null

start broker.conf
check 'the KDCs trust each other: there is a ticket for us' "$(KRB5CCNAME=FILE:$work/theirs.cc kvno -q HTTP/localhost@QVMI.TEST && echo yes)" yes
check 'which does not let her in' "$(ticket theirs)" 401
check 'which the log says' "$(grep -c 'alice@PARTNER.TEST refused' log)" 1
check 'nor does her password' "$(login alice@partner.test "$(password partner alice)")" 401
check 'our alice comes with hers' "$(ticket ours)$(jq -r .user body)" 200alice
kill "$pid"; wait "$pid" || true

start trusting.conf
check 'once the realm is trusted she is somebody' "$(ticket theirs)$(jq -r .user body)" 200alice@partner.test
check 'by her password, too' "$(login alice@partner.test "$(password partner alice)")$(jq -r .user body)" 200alice@partner.test
check 'her password is none of our alice' "$(login alice "$(password partner alice)")" 401
check 'nor the other way round' "$(login alice@partner.test "$(password home alice)")" 401
check 'our alice is who she was' "$(ticket ours)$(jq -r .user body)" 200alice
check 'a realm that nobody named stays out' "$(login alice@other.test "$(password home alice)")" 401
check 'two users in the records' "$(sqlite3 broker.db "SELECT group_concat(principal, ' ') FROM (SELECT principal FROM users ORDER BY name)")" \
	'alice@QVMI.TEST alice@PARTNER.TEST'
check 'nothing wrong was seen by the sanitizers' "$(grep -E 'Sanitizer|runtime error' log)" ''
exit $failed
