#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A telco's broker and a company that vouches for its people, each in a network namespace of its own: the company's KDC and
# directory (real ones) are out of the telco's reach, the company's proxy is all that answers. Where no namespaces can be had the
# same goes over loopback, without what only they can show.
hosts='127.0.0.1 localhost'
top=$(realpath "$(dirname "$0")/../..")
[ -s "$top/build/web/client/app.js" ] || make --no-print-directory -C "$top" web-client
[ -d "$top/tests/browser/node_modules" ] || (cd "$top/tests/browser" && npm ci --silent)
if [ -z "${QVMI_TEST_NETWORK:-}" ]; then
	if [ "$(id -u)" = 0 ]; then unshare=(unshare --net --mount); else unshare=(unshare --map-root-user --net --mount); fi
	if "${unshare[@]}" sh -c 'ip link add name veth0 type veth peer name veth1 && mount --bind /etc/hosts /etc/hosts' 2>/dev/null; then
		export QVMI_TEST_NETWORK=1
		exec "${unshare[@]}" "$0"
	fi
	echo 'no network namespaces here: telco and company are not kept apart'
fi
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
work=$(mktemp -d) pids=() company=''
end() { for pid in "${pids[@]}" $company; do kill "$pid" 2>/dev/null || true; done; }
trap 'realm_end; end; wait; rm -rf "$work"' EXIT
cd "$work"

# --- the networks: this one is the telco's ---
telco_host=localhost company_host=localhost telco_address=127.0.0.1 company_address=127.0.0.1
there=(env)
if [ -n "${QVMI_TEST_NETWORK:-}" ]; then
	unshare --net sleep 600 &
	company=$!
	until [ "$(readlink "/proc/$company/ns/net")" != "$(readlink /proc/$$/ns/net)" ]; do sleep 0.02; done
	there=(nsenter "--net=/proc/$company/ns/net")
	telco_host=phones.telco.test company_host=login.company.test telco_address=198.51.100.1 company_address=198.51.100.2
	ip link set lo up
	"${there[@]}" ip link set lo up
	ip link add name wire type veth peer name wire netns "$company"
	ip addr add $telco_address/24 dev wire
	"${there[@]}" ip addr add $company_address/24 dev wire
	ip link set wire up
	"${there[@]}" ip link set wire up
	hosts+=$'\n'"$telco_address $telco_host"$'\n'"$company_address $company_host"
	echo "$hosts" >hosts
	mount --bind hosts /etc/hosts
fi
SUBJECT_ALTERNATIVE="subjectAltName=DNS:localhost,DNS:$telco_host,DNS:$company_host,IP:127.0.0.1"
authority authority
certificate authority server
certificate authority broker telco
port=$(free_ports 3)
telco=https://$telco_host:$port issuer=https://$company_host:$((port + 2))

# --- the company: KDC, directory, proxy ---
company_realm() { # a program of its own network
	"${there[@]}" "$lib/../../deploy/realm/run" --host "$company_host" "$work/realm" >"$work/realm.out" 2>&1 &
	realm_pids+=($!)
}
company_realm
realm_ready "$work/realm"
openssl rand -hex 32 >telco.secret
cat >clients.json <<END
{"clients": [{"id": "telco", "secret_file": "$work/telco.secret",
  "redirect_uris": ["$telco/v1/federation/callback/company.test", "$telco/v1/federation/callback/other.test"]},
 {"id": "stranger", "redirect_uris": ["https://stranger.test/callback"]}]}
END
{
	cat <<-END
		[database]
		path=$work/proxy.db
		[listen]
		address=$company_address
		port=$((port + 2))
		certificate=$work/server.pem
		key=$work/server.key
		unix=$work/proxy.sock
		[proxy]
		issuer=$issuer
		title=The Company
		clients=$work/clients.json
		keys=$work/keys.json
	END
	realm_broker "$work/realm" | sed -e '1,2d' -e "s#HTTP/localhost#HTTP/$company_host#"
} >proxy.conf
start_proxy() {
	"${there[@]}" "$bin/brokerd-proxy" --config proxy.conf 2>>proxy.log &
	proxy=$!
	pids+=($proxy)
	eventually curl -sf -o /dev/null --unix-socket proxy.sock http://b/readyz || { echo 'FAIL the proxy does not start:'; cat proxy.log; exit 1; }
}
start_proxy

# --- the telco: UAAS, broker ---
cat >uaas.conf <<END
[database]
path=$work/uaas.db
[listen]
address=127.0.0.1
port=$((port + 1))
certificate=$work/server.pem
key=$work/server.key
client-ca=$work/authority.pem
unix=$work/uaas.sock
END
"$bin/uaasd" --config uaas.conf 2>uaas.log &
pids+=($!)
mkdir secrets
cp telco.secret secrets/company.test
{
	broker_conf "$work" "$port" "$work/server" "$work/no-pool.sock" | sed -e "s/^address=.*/address=$telco_address/" -e "/^unix=/a web-folder=$top/build/web/client"
	cat <<-END
		[federation]
		uaas=https://localhost:$((port + 1))
		ca=$work/authority.pem
		certificate=$work/broker.pem
		key=$work/broker.key
		address=$telco
		provider-ca=$work/authority.pem
		secrets=$work/secrets
		cache-s=1
	END
} >broker.conf
start_broker() {
	"$bin/brokerd" --config broker.conf 2>>broker.log &
	broker=$!
	pids+=($broker)
	eventually curl -sf -o /dev/null --unix-socket brokerd.sock http://b/readyz || { echo 'FAIL brokerd does not start:'; cat broker.log; exit 1; }
}
start_broker
eventually curl -sf -o /dev/null --unix-socket uaas.sock http://u/readyz

# --- a browser, as far as this needs one: CURL ARGUMENTS... ---
visit() { curl -s --max-time 60 --noproxy '*' --cacert authority.pem -o body -D head -w '%{http_code}' "$@"; }
at_work() { "${there[@]}" env KRB5_CONFIG="$work/realm/krb5.conf" KRB5CCNAME="FILE:$work/$1.cc" curl -s --max-time 60 --noproxy '*' --cacert authority.pem -o body -D head -w '%{http_code}' "${@:2}"; }
location() { sed -n 's/^[Ll]ocation: \(.*\)\r$/\1/p' head; }
cli() { "$bin/qvmi" --server "unix:$work/brokerd.sock" "$@"; }
admin() { curl -s -o body -w '%{http_code}' --unix-socket brokerd.sock -H 'Content-Type: application/json' "$@"; }
organisation() { "$bin/qvmi" --server "unix:$work/uaas.sock" organisation add --client-id telco "$1" "$2" >body 2>&1 && echo done; }
begin() { # begin NAME [CURL ARGUMENT...]: prints where the browser is sent, or why not
	visit "${@:2}" -H 'X-QVMI-Client: browser' -H 'Content-Type: application/json' -c jar -b jar \
		-d "{\"user\":\"$1\"}" "$telco/v1/login/federation" >status
	jq -r '.redirect // .detail' body
}
type_password() { visit --data-urlencode "user=$2" --data-urlencode "password=$(realm_password "$work/realm" "$2")" "$1"; }
come_back() { visit -c jar -b jar "$1"; }
page() { # what the page does after that
	visit -c jar -b jar -H "X-QVMI-Client: browser" -H "Content-Type: application/json" -d "{\"code\":\"$(location | sed -n "s:.*#sign-in=::p")\"}" "$telco/v1/login/federation/finish"
}
who() { curl -s --max-time 60 --noproxy '*' --cacert authority.pem -b jar "$telco/v1/whoami"; }

if [ -n "$company" ]; then
	(
		# shellcheck disable=SC1091
		. realm/env
		for address in 127.0.0.1 "$company_address"; do
			for p in "$KDC_PORT" "${LDAP_URL##*:}" "${LDAPS_URL##*:}"; do (: <"/dev/tcp/$address/$p") 2>/dev/null && echo "$address:$p"; done
		done
		true
	) >reached
	check 'the telco reaches neither KDC nor directory' "$(cat reached)" ''
	check 'the company reaches no UAAS' "$("${there[@]}" bash -c ": </dev/tcp/$telco_address/$((port + 1))" 2>/dev/null && echo reached)" ''
fi

# --- who is vouched for by whom ---
check 'a company is registered' "$(organisation company.test "$issuer")" done
check 'what is no domain is not' "$(organisation company "$issuer"; cat body)" '*company.example*'
check 'nor what is no issuer' "$(organisation evil.test http://login.evil.test)" ''
check 'without a certificate the UAAS says nothing' "$(curl -s --max-time 60 --noproxy '*' --cacert authority.pem "https://localhost:$((port + 1))/v1/organisations/company.test" >/dev/null; echo $?)" '[1-9]*'
ask() { visit --cert broker.pem --key broker.key "$@"; }
check 'with one it names the provider' "$(ask "https://localhost:$((port + 1))/v1/organisations/company.test")$(jq -r .issuer body)" "200$issuer"
check '  and takes no orders' "$(ask -X DELETE "https://localhost:$((port + 1))/v1/organisations/company.test")" 403

# --- by password, typed at the company's page ---
there_url=$(begin alice@Company.test)
check 'the broker sends the browser to the company' "$there_url" "$issuer/authorize?*login_hint=alice%40Company.test*"
check 'whose page asks' "$(visit "$there_url")$(grep -c 'The Company' body)" '401[1-9]'
check '  and offers to take a ticket' "$(grep -ci '^www-authenticate: negotiate' head)" 1
check 'a wrong password' "$(visit -d 'user=alice&password=wrong' "$there_url")$(grep -c 'Wrong name or password' body)" 4031
check 'a form of another site' "$(visit -H 'Origin: https://evil.test' -d 'user=alice&password=x' "$there_url")$(location)" '303*error=access_denied*'
check 'the right one' "$(type_password "$there_url" alice)" 303
back=$(location)
check 'sends the browser back with a code' "$back" "$telco/v1/federation/callback/company.test?code=*&state=*&iss=*"
check 'another browser cannot come in by that' "$(visit "$back")$(location)" '303/#sign-in-refused'
there_url=$(begin alice@company.test)
type_password "$there_url" alice >/dev/null
back=$(location)
check 'the one that began can' "$(come_back "$back")$(location)" '303/#sign-in=*'
of_page=$(location)
check '  and another browser does not finish it' "$(visit -H "X-QVMI-Client: browser" -H "Content-Type: application/json" -d "{\"code\":\"${of_page#*=}\"}" "$telco/v1/login/federation/finish")" 401
there_url=$(begin alice@company.test)
type_password "$there_url" alice >/dev/null
back=$(location)
come_back "$back" >/dev/null
check 'the page signs in' "$(page)$(jq -r .user body)" 200alice@company.test
check '  and is alice of that company' "$(who | jq -r '.user, .admin' | paste -sd' ')" 'alice@company.test false'
check 'once' "$(come_back "$back")$(location)" '303/#sign-in-refused'
check 'the administrator of there is none here' "$(there_url=$(begin carol@company.test); type_password "$there_url" carol >/dev/null; come_back "$(location)" >/dev/null; page >/dev/null; who | jq -r '.user, .admin' | paste -sd' ')" 'carol@company.test false'

# --- by ticket, at work: no page, no password; a native client on its loopback address ---
realm_password "$work/realm" dave >dave.password
"${there[@]}" env KRB5_CONFIG="$work/realm/krb5.conf" KRB5CCNAME="FILE:$work/dave.cc" kinit dave <dave.password >/dev/null
verifier=$(openssl rand -hex 32)
challenge=$(printf %s "$verifier" | openssl dgst -sha256 -binary | base64 | tr '+/' '-_' | tr -d =)
native() { visit -H 'Content-Type: application/json' -d "{\"user\":\"$1\",\"port\":54321,\"challenge\":\"$challenge\",\"state\":\"mine\"}" "$telco/v1/login/federation"; }
finish() { visit -H 'Content-Type: application/json' -d "{\"code\":\"$1\",\"verifier\":\"$2\"}" "$telco/v1/login/federation/finish"; }
check 'a native client begins' "$(native dave@company.test)" 200
there_url=$(jq -r .redirect body)
check 'a ticket is enough' "$(at_work dave --negotiate -u : "$there_url")$(grep -c . body || true)" 3030
check '  and the company proves itself' "$(grep -ci '^www-authenticate: negotiate [a-z0-9+/]' head)" 1
check 'the broker answers on the loopback address' "$(at_work dave "$(location)")$(location)" '303http://127.0.0.1:54321/?code=*&state=mine'
code=$(location | sed 's/.*code=\([^&]*\).*/\1/')
check 'the client has its token' "$(finish "$code" "$verifier")$(jq -r .user body)" '200dave@company.test'
check '  by a proof of its own, once' "$(finish "$code" "$verifier")" 401
native dave@company.test >/dev/null
at_work dave --negotiate -u : "$(jq -r .redirect body)" >/dev/null
at_work dave "$(location)" >/dev/null
check 'whoever catches the code has nothing' "$(finish "$(location | sed 's/.*code=\([^&]*\).*/\1/')" "$(openssl rand -hex 32)")" 401

# --- mtp-client: by the ticket, and by a browser that it has opened ---
client() { timeout 120 "$bin/mtp-client" "$telco" --ca-file authority.pem --organisation --headless "$@" 2>&1 || true; }
export KRB5_CONFIG=$work/realm/krb5.conf KRB5CCNAME=FILE:$work/dave.cc
# Signed in, and then there is no phone: this broker has no pool.
admin -d '{"id":"phone","name":"Phone","kind":"phone","pool":"phone"}' http://b/v1/packages >/dev/null
admin -d '{"organisation":"company.test"}' http://b/v1/packages/phone/grants >/dev/null
at_company() { "${there[@]}" timeout 120 "$bin/mtp-client" "$telco" --ca-file authority.pem --organisation --headless "$@" 2>&1 || true; }
check 'mtp-client signs in with the ticket for the company' "$(at_company --kerberos --user dave@company.test)" '*pool manager*'
check '  as its owner' "$(tail -n 3 broker.log | grep -c 'dave@company.test signed in')" 1
check 'without one it says what to do' "$(KRB5CCNAME=FILE:$work/none at_company --kerberos --user dave@company.test)" '*kinit*'
unset KRB5_CONFIG KRB5CCNAME
mkdir bin
cat >bin/xdg-open <<END
#!/bin/bash
# A browser, and a person who types a password into it.
curl() { command curl -s --max-time 60 --noproxy "*" --cacert $work/authority.pem -o /dev/null -w "%{redirect_url}" "\$@"; }
back=\$(curl --data-urlencode user=alice --data-urlencode "password=$(realm_password "$work/realm" alice)" "\$1")
curl "\$(curl "\$back")"
END
chmod +x bin/xdg-open
check 'mtp-client has a browser opened, and waits for it' "$(PATH=$work/bin:$PATH client --user alice@company.test)" '*pool manager*'
check '  for whom has signed in there' "$(tail -n 3 broker.log | grep -c 'alice@company.test signed in')" 1
check 'whose company is not known is told' "$(client --user alice@unknown.test)" '*obody vouches*'
admin -X DELETE "http://b/v1/packages/phone/grants?organisation=company.test" >/dev/null

# --- in a real browser ---
if [ -z "${SANITIZED:-}" ]; then # nothing of ours is in it
	realm_password "$work/realm" alice >"$work/alice.password"
	QVMI_URL=$telco QVMI_CA=$work/authority.pem QVMI_USER=alice QVMI_ORGANISATION=company.test QVMI_PASSWORD_FILE=$work/alice.password \
		QVMI_PROFILE=$work/profile QVMI_SCREENSHOTS=$top/build/browser/organisation \
		timeout 120 node "$top/tests/browser/test_organisation.mjs" || failed=1
fi

# --- groups and names stay the company's ---
check 'a package for a group there' "$(admin -d '{"id":"phone","name":"Phone","kind":"phone","pool":"phone"}' http://b/v1/packages)$(admin -d '{"group":"company.test/staff"}' http://b/v1/packages/phone/grants)" 200204
admin -d '{"id":"ours","name":"Ours","kind":"phone","pool":"phone"}' http://b/v1/packages >/dev/null
admin -d '{"group":"staff"}' http://b/v1/packages/ours/grants >/dev/null
there_url=$(begin alice@company.test)
type_password "$there_url" alice >/dev/null
come_back "$(location)" >/dev/null
page >/dev/null
check 'alice has it, and not what is for a group of that name here' "$(who | jq -r '.packages[].id' | paste -sd' ')" phone
check 'a plan' "$(cli package grant ours --plan gold && cli plan give gold --organisation company.test)" '*holds gold'
check '  is held by all of that company' "$(who | jq -r ".packages[].id" | paste -sd" ")" 'ours phone'
check '  and listed' "$(cli plan list)" '*gold*company.test*'
cli plan take gold --organisation company.test >/dev/null
check 'a local user of a name there' "$(admin -d '{"name":"bob.b@company.test","password":"break the glass"}' http://b/v1/users)" 201
check 'and nobody gets a password to her name' "$(admin -X PUT -d '{"password":"break the glass"}' http://b/v1/users/alice@company.test/password)" 409

# --- unknown companies, and companies that go ---
check 'an unknown company' "$(begin someone@unknown.test)" 'nobody vouches for*'
check 'a name of none: the same' "$(begin someone)" 'nobody vouches for*'
organisation broken.test "https://$company_host:9" >/dev/null
check 'a provider that is away: the same' "$(begin someone@broken.test)" 'nobody vouches for*'
organisation other.test "$issuer" >/dev/null
cp telco.secret secrets/other.test
there_url=$(begin alice@other.test)
type_password "$there_url" alice >/dev/null
check 'who is known from one organisation is not let in by another' "$(come_back "$(location)")$(location)" '303/#sign-in-refused'

# --- what the proxy does not fall for ---
check 'a client that is not registered' "$(visit "${there_url/client_id=telco/client_id=evil}")" 403
check 'an address that is not registered' "$(visit "${there_url/other.test/evil.test}")" 403
check 'without PKCE' "$(visit "${there_url/code_challenge=/x=}")$(location)" '303*error=invalid_request*'
check 'a code without the secret' "$(visit -d "grant_type=authorization_code&code=x&redirect_uri=x&code_verifier=x&client_id=telco" "$issuer/token")$(jq -r .error body)" '401invalid_client'
check 'a code that never was' "$(visit -u "telco:$(cat telco.secret)" -d 'grant_type=authorization_code&code=x&redirect_uri=x&code_verifier=x' "$issuer/token")$(jq -r .error body)" '400invalid_grant'

# --- restarts ---
there_url=$(begin alice@company.test)
kid=$(jq -r '.keys[0].kid' keys.json)
kill "$proxy"; wait "$proxy" || true
mv keys.json old-keys.json
start_proxy
check 'a new key' "$(visit "$issuer/keys")$(jq -r '.keys[0].kid' body | grep -c -e "$kid" || true)" 2000
check '  that nobody else reads' "$(stat -c %a keys.json)" 600
check '  and whose secret half stays' "$(jq -r '.keys[0].d' body)" null
type_password "$there_url" alice >/dev/null
check 'the broker learns it' "$(come_back "$(location)")$(location)" '303/#sign-in=*'
check 'the registry forgets the company' "$("$bin/qvmi" --server "unix:$work/uaas.sock" organisation remove company.test)" 'nobody vouches*'
check_soon 'nobody is sent there any more' 'nobody vouches for*' begin alice@company.test

# --- what is left behind ---
check 'the telco has seen no password' "$(grep -cF -e "$(realm_password "$work/realm" alice)" broker.log broker.db* uaas.log | grep -vc ':0$')" 0
check 'no secret in a log' "$(grep -cF -e "$(cat telco.secret)" -e "$(jq -r '.keys[0].d' keys.json)" -e "$(realm_password "$work/realm" alice)" ./*.log | grep -vc ':0$')" 0
end
for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
check 'nothing wrong was seen by the sanitizers' "$(grep -hE 'Sanitizer|runtime error|CRITICAL' ./*.log)" ''
exit $failed
