#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A company's sign-in that is down, hung, lying, late, or asked by people who should not get in. Nobody gets in who cannot be
# checked, everybody gets an answer, and who is signed in stays so.
set -euo pipefail
bin=${QVMI_BIN:?the folder of the binaries}
lib=$(dirname "$(realpath "$0")")/../lib
# shellcheck source=tests/lib/check.sh
. "$lib/check.sh"
# shellcheck source=tests/lib/certificate.sh
. "$lib/certificate.sh"
# shellcheck source=tests/lib/broker.sh
. "$lib/broker.sh"
# shellcheck source=tests/lib/realm.sh
. "$lib/realm.sh"
work=$(mktemp -d) pid='' kdc=''
trap '[ -z "$pid$kdc" ] || kill -9 $pid $kdc 2>/dev/null || true; realm_end; rm -rf "$work"' EXIT
cd "$work"
realm_begin "$work/realm"
realm_begin "$work/liar"
realm_ready "$work/realm"
# shellcheck disable=SC1091
. realm/env
export KRB5_CONFIG=$work/realm/krb5.conf
authority server
authority other
port=$(free_ports 1)
url=https://localhost:$port
broker_conf "$work" "$port" "$work/server" "$work/no-pool.sock" >base.conf
realm_broker "$work/realm" >>base.conf
cp base.conf broker.conf

start() {
	"$bin/brokerd" --config broker.conf 2>>log &
	pid=$!
	eventually curl -sf -o /dev/null --unix-socket brokerd.sock http://b/readyz || { echo 'FAIL brokerd does not start:'; cat log; exit 1; }
}
restart() { # restart [SED-EXPRESSION]: with that change of the configuration
	kill "$pid" && wait "$pid" || true
	sed "${1:-}" base.conf >broker.conf
	start
}
status() { curl -s --noproxy '*' --cacert server.pem -H 'Content-Type: application/json' -o "${body:-body}" -w '%{http_code}' "$@"; }
login() { status -d "$(jq -nc --arg u "$1" --arg p "$2" '{user:$u,password:$p}')" "$url/v1/login"; }
password() { realm_password "$work/realm" "$1"; }
token() { KRB5CCNAME=FILE:dave.cc "$bin/qvmi-spnego-token" localhost "$@"; }
present() { status -X POST -H "Authorization: Negotiate $1" "$url/v1/login/negotiate"; }
present_fresh() { present "$(token server.pem)"; }
whoami() { status -H "Authorization: Bearer $1" "$url/v1/whoami"; }
directory() { LDAPTLS_CACERT=$CA ldapmodify -x -ZZ -H "$LDAP_URL" -D "cn=root,$LDAP_BASE" -y realm/root.password >/dev/null; }
logged() { grep -qF -e "$1" log; }

soon='s/^deadline-ms=.*/deadline-ms=3000/'
start
realm_ticket "$work/realm" dave "$work/dave.cc"
realm_ticket "$work/realm" carol "$work/carol.cc"

# tickets that somebody has recorded, cut or had made for another server
once=$(token)
check 'a token signs in' "$(present "$once")" 200
check 'not twice' "$(present "$once")" 401
restart
check 'nor after a restart' "$(present "$once")" 401
fresh=$(token)
check 'nor cut' "$(present "${fresh:0:$((${#fresh} / 8 * 4))}")" 401
check 'bound to our certificate' "$(present "$(token server.pem)")" 200
check 'bound to another one: somebody is in between' "$(present "$(token other.pem)")" 401
restart 's/^processes=/channel-binding=required\n&/'
check 'unbound where it has to be bound' "$(present "$(token)")" 401
check 'bound where it has to be' "$(present "$(token server.pem)")" 200

# names
curl -s -o /dev/null --unix-socket brokerd.sock -H 'Content-Type: application/json' -d '{"name":"carol","password":"a local account"}' http://b/v1/users
restart
check 'a principal is not the local account of its name' "$(KRB5CCNAME=FILE:carol.cc status --negotiate -u : -X POST "$url/v1/login/negotiate")" 401
check 'which the log says' "$(logged 'which is another account' && echo yes)" yes
check 'the local account is itself' "$(login carol 'a local account')" 200

# the company changes its mind
check 'alice signs in' "$(login alice "$(password alice)")" 200
alice=$(jq -r .token body)
curl -s -o /dev/null --unix-socket brokerd.sock -H 'Content-Type: application/json' -d '{"id":"phone","name":"Phone","kind":"phone","pool":"phone"}' http://b/v1/packages
curl -s -o /dev/null --unix-socket brokerd.sock -H 'Content-Type: application/json' -d '{"group":"staff"}' http://b/v1/packages/phone/grants
packages() { whoami "$alice" >/dev/null; jq -r '[.packages[]?.id] | join(" ")' body; }
check 'and has a package by her group' "$(packages)" phone
printf 'dn: cn=staff,ou=Groups,%s\nchangetype: modify\ndelete: member\nmember: cn=sales,ou=Groups,%s\n' "$LDAP_BASE" "$LDAP_BASE" | directory
check_soon 'the group is no more: nor is the package' '' packages
printf 'dn: uid=alice,ou=Europe,ou=Sales,ou=People,%s\nchangetype: modify\nreplace: employeeType\nemployeeType: left\n' "$LDAP_BASE" | directory
check_soon 'she has left: signed out' 401 whoami "$alice"
check 'and stays out' "$(login alice "$(password alice)")" 401
check 'dave signs in' "$(login dave "$(password dave)")" 200
dave=$(jq -r .token body)

# a directory that hangs, and one that is away
restart "$soon"
kill -STOP "$LDAP_PID"
# What the directory said of him is believed for a while.
check_soon 'the directory hangs: 503' 503 login dave "$(password dave)"
check 'who is signed in stays so' "$(whoami "$dave")" 200
kill -CONT "$LDAP_PID"
check_soon 'it goes on: in again' 200 login dave "$(password dave)"

# the KDC, the same; its port also stands for a directory that takes connections and says nothing
kill -STOP "$KDC_PID"
login dave "$(password dave)" >slow & slow=$!
body=ticket check_soon 'a ticket needs no KDC' 200 present_fresh
wait $slow
check 'the KDC hangs: 503' "$(cat slow)" 503
check 'and it is said whose fault it is' "$(jq -r .detail body)" '*Kerberos*try again*'
check 'the local account does not care' "$(login carol 'a local account')" 200
restart "$soon;s#^servers=.*#servers=ldaps://127.0.0.1:$KDC_PORT ldap://127.0.0.1:1 $LDAP_URL\nbind=simple\nbind-dn=cn=service,$LDAP_BASE\nbind-password-file=$work/realm/service.password#"
check_soon 'the next directory server' 200 present_fresh
kill -CONT "$KDC_PID"
kill "$KDC_PID"
restart
check 'no KDC: 503' "$(login dave "$(password dave)")" 503
check 'whatever the password' "$(login dave wrong)" 503

# a clock that is wrong, and somebody who plays KDC
KRB5_KDC_PROFILE=$work/realm/kdc.conf faketime -f +20m /usr/sbin/krb5kdc -n -r "$REALM" >/dev/null 2>&1 &
kdc=$!
eventually pgrep -P "$kdc" # faketime stays and waits for it; to end the one does not end the other
kdc="$(pgrep -P "$kdc") $kdc"
eventually bash -c ": </dev/tcp/127.0.0.1/$KDC_PORT"
realm_ticket "$work/realm" dave "$work/late.cc"
check 'a ticket from the future' "$(present "$(KRB5CCNAME=FILE:late.cc "$bin/qvmi-spnego-token" localhost)")" 401
check 'which the log says' "$(grep -cE 'Clock skew|not yet valid' log)" 1
kill $kdc 2>/dev/null || true # faketime goes by itself when the other has gone
kdc=''
realm_ready "$work/liar"
sed -i "s/127.0.0.1:[0-9]*/127.0.0.1:$(. liar/env && echo "$KDC_PORT")/" realm/krb5.conf
check 'the false KDC knows a password of dave, which is not believed' "$(login dave "$(realm_password "$work/liar" dave)")" 503
check 'which the log says' "$(logged 'cannot be verified by the key of our service' && echo yes)" yes
check 'nothing wrong was seen by the sanitizers' "$(grep -E 'Sanitizer|runtime error' log)" ''

kill "$pid"; wait "$pid" || true
pid=''
realm_end
cd /
left() { find /proc/[0-9]*/cwd -maxdepth 0 -lname "$work*" 2>/dev/null || true; }
check_soon 'no process is left' '' left
exit $failed
