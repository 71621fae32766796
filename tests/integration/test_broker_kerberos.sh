#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Sign-in with a company's real KDC (MIT) and directory (OpenLDAP): passwords, tickets, groups, and who must not get in.
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
# Dave is in more groups than the directory gives at a time (a page of 100).
{
	cat "$lib/../../deploy/realm/people.ldif"
	for i in $(seq 150); do printf '\ndn: cn=crowd-%s,ou=Groups,@BASE@\nobjectClass: groupOfNames\ncn: crowd-%s\nmember: uid=dave,ou=People,@BASE@\n' "$i" "$i"; done
} >people.ldif
realm_begin "$work/realm" --people "$work/people.ldif"
authority server
realm_ready "$work/realm"
port=$(free_ports 1)
url=https://localhost:$port
broker_conf "$work" "$port" "$work/server" "$work/no-pool.sock" >broker.conf
realm_broker "$work/realm" >>broker.conf

start() {
	"$brokerd" --config broker.conf 2>>log &
	pid=$!
	eventually curl -sf -o /dev/null --unix-socket brokerd.sock http://b/readyz || { echo 'FAIL brokerd does not start:'; cat log; exit 1; }
}
admin() { curl -s -o body -w '%{http_code}' --unix-socket brokerd.sock -H 'Content-Type: application/json' "$@"; }
status() { curl -s --noproxy '*' --cacert server.pem -H 'Content-Type: application/json' -o body -w '%{http_code}' "$@"; }
login() { status -d "$(jq -nc --arg u "$1" --arg p "$2" '{user:$u,password:$p}')" "$url/v1/login"; }
password() { realm_password "$work/realm" "$1"; }
ticket() { KRB5_CONFIG=$work/realm/krb5.conf KRB5CCNAME=FILE:$work/$1.cc status --negotiate -u : -X POST "$url/v1/login/negotiate"; }

start
check 'a local account for emergencies' "$(admin -d '{"name":"emergency","password":"break the glass"}' http://b/v1/users)" 201
check 'a package' "$(admin -d '{"id":"phone","name":"Phone","kind":"phone","pool":"phone"}' http://b/v1/packages)" 201
check 'for a group' "$(admin -d '{"group":"staff"}' http://b/v1/packages/phone/grants)" 204

# passwords
check 'alice signs in' "$(login alice "$(password alice)")$(jq -r .user body)" 200alice
check 'and has what her group has, by way of two others' "$(jq -r '.packages[].id' body)" phone
check 'she is no administrator' "$(jq -r .admin body)" false
check 'her realm may be typed' "$(login alice@qvmi.test "$(password alice)")$(jq -r .user body)" 200alice
check 'carol administers by a group' "$(login carol "$(password carol)")$(jq -r .admin body)" 200true
check 'dave, whose groups hold each other' "$(login dave "$(password dave)")" 200
check 'and who has all 150 of them' "$(sqlite3 broker.db "SELECT count(*) FROM memberships WHERE user = 'dave' AND name LIKE 'crowd-%'")" 150
check 'bob has left' "$(login bob "$(password bob)")$(jq -r .detail body)" '401wrong user name or password'
check 'a wrong password' "$(login alice wrong)$(jq -r .detail body)" '401wrong user name or password'
check 'an unknown name' "$(login nobody wrong)$(jq -r .detail body)" '401wrong user name or password'
check 'the emergency account' "$(login emergency 'break the glass')" 200
for name in 'alice)(uid=*' 'HTTP/localhost' 'alice@OTHER.REALM'; do
	check "nobody is called $name" "$(login "$name" "$(password alice)")" 401
done

# tickets
realm_ticket "$work/realm" dave "$work/dave.cc"
check 'without a ticket it is asked for one' "$(status -D head -X POST "$url/v1/login/negotiate")$(grep -ci '^www-authenticate: negotiate.$' head)" 4011
check 'dave comes with a ticket' "$(ticket dave)$(jq -r .user body)" 200dave
check 'and the broker proves itself' "$(KRB5_CONFIG=realm/krb5.conf KRB5CCNAME=FILE:dave.cc status --negotiate -u : -D head -X POST "$url/v1/login/negotiate"; grep -ci '^www-authenticate: negotiate [a-z0-9+/]' head)" 2001
for token in '' '=' '!' YII= "$(head -c 3000 /dev/urandom | base64 -w0)" "$(printf 'NTLMSSP\0\1\0\0\0' | base64 -w0)"; do
	check 'nonsense is no ticket' "$(status -X POST -H "Authorization: Negotiate $token" "$url/v1/login/negotiate")" 401
done
check 'a foreign page cannot send one' "$(status -X POST -H 'Origin: https://evil.example' -H 'Authorization: Negotiate YII=' "$url/v1/login/negotiate")" 403

# a second factor, for passwords and for tickets apart
kill "$pid"; wait "$pid"
(umask 077; openssl rand -out factor.key 32)
printf '[second-factor]\nafter-password=administrators,group:sales\nafter-ticket=group:phone-admins\nkey=factor.key\n' >>broker.conf
start
check 'alice needs one after her password, by a group in her group' "$(login alice "$(password alice)")$(jq -r 'has("enrolment")' body)" 202true
check 'her code signs her in' "$(status -d "$(jq -c --arg c "$(oathtool --totp -b "$(jq -r .enrolment.secret body)")" '{challenge, code: $c}' body)" \
	"$url/v1/login/second-factor")$(jq -r .user body)" 200alice
check 'carol needs one as an administrator' "$(login carol "$(password carol)")" 202
check 'dave needs none' "$(login dave "$(password dave)")" 200
realm_ticket "$work/realm" alice "$work/alice.cc"
realm_ticket "$work/realm" carol "$work/carol.cc"
check 'alice needs none with a ticket' "$(ticket alice)" 200
check 'carol does, and the broker has proved itself' "$(ticket carol)$(jq -r 'has("challenge")' body)" 202true
check 'a wrong password tells nothing of it' "$(login carol wrong)$(jq -r .detail body)" '401wrong user name or password'

# what is left behind
check 'no password in the log or the records' "$(grep -cF -e "$(password alice)" -e "$(password dave)" log broker.db* | grep -vc ':0$')" 0
kill "$pid"
code=0; wait "$pid" || code=$?
pid=''
check 'SIGTERM ends it' "$code" 0
check_soon 'and its processes' '' pgrep -f "brokerd-realm.*$work"
check 'nothing wrong was seen by the sanitizers' "$(grep -E 'Sanitizer|runtime error' log)" ''
exit $failed
