#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# brokerd as a process: TLS with a private CA, curl as browser and as native client, the admin socket, bad
# configuration, kill and restart, and what must not be found in logs and files.
set -euo pipefail
brokerd=${QVMI_BIN:?the folder of the binaries}/brokerd
# shellcheck source=tests/lib/check.sh
. "$(dirname "$(realpath "$0")")/../lib/check.sh"
# shellcheck source=tests/lib/certificate.sh
. "$(dirname "$(realpath "$0")")/../lib/certificate.sh"
# shellcheck source=tests/lib/broker.sh
. "$(dirname "$(realpath "$0")")/../lib/broker.sh"
work=$(mktemp -d) pid=''
trap '[ -z "$pid" ] || kill -9 "$pid" 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"

absent() { # absent WHAT WORD FILE...
	local what=$1 word=$2
	shift 2
	if grep -qaF -e "$word" "$@"; then echo "FAIL $what"; failed=1; else echo "ok   $what"; fi
}

port=$(free_ports 1)
url=https://127.0.0.1:$port
password='a long secret, nobody knows it'

authority server
authority other
mkdir web && echo '<!doctype html><title>phones</title>' >web/index.html
broker_conf "$work" "$port" "$work/server" "$work/no-pool.sock" | sed '/^unix=/a web-folder=web' >broker.conf

start() {
	"$brokerd" --config broker.conf 2>>log &
	pid=$!
	for _ in $(seq 600); do
		[ "$(curl -s -o /dev/null -w '%{http_code}' --unix-socket brokerd.sock http://b/readyz)" = 200 ] && return
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.1
	done
	echo 'FAIL brokerd does not start:'; cat log; exit 1
}
admin() { curl -s -w '%{http_code}' --unix-socket brokerd.sock -H 'Content-Type: application/json' "$@"; }
https() { curl -s --noproxy '*' --cacert server.pem -H 'Content-Type: application/json' "$@"; }
status() { https -o body -w '%{http_code}' "$@"; }
login() { jq -nc --arg u "$1" --arg p "$2" '{user:$u,password:$p}'; }

start
check 'admin socket is for its owner' "$(stat -c %a brokerd.sock)" 600
check 'the database is for its owner' "$(stat -c %a broker.db)" 600
check 'a user is added' "$(admin -o body -d "$(jq -nc --arg p "$password" '{name:"demo",password:$p}')" http://b/v1/users)" 201
check 'a package is added' "$(admin -o body -d '{"id":"phone","name":"Phone","kind":"phone","pool":"phone"}' http://b/v1/packages)" 201
check 'and granted' "$(admin -o body -d '{"user":"demo"}' http://b/v1/packages/phone/grants)" 204
if [ "$(id -u)" = 0 ]; then
	chmod 755 "$work"
	check 'another uid does not get in' "$(setpriv --reuid 65534 --clear-groups curl -s -o /dev/null -w '%{http_code}' \
		--unix-socket "$work/brokerd.sock" http://b/v1/users || true)" 000
	# Even where the file's mode would let him: the kernel says who he is.
	chmod 666 brokerd.sock
	check 'nor past the file mode' "$(setpriv --reuid 65534 --clear-groups curl -s -o /dev/null -w '%{http_code}' \
		--unix-socket "$work/brokerd.sock" http://b/v1/users)" 403
	chmod 600 brokerd.sock; chmod 700 "$work"
fi

# TLS
check 'plain HTTP is not answered' "$(curl -s -m 30 --noproxy '*' -o /dev/null -w '%{http_code}' "http://127.0.0.1:$port/" || true)" 000
check 'TLS 1.2 is refused' "$(https -m 30 --tls-max 1.2 -o /dev/null -w '%{http_code}' $url/ || true)" 000
check 'another CA does not vouch for us' "$(curl -s --noproxy '*' --cacert other.pem -o /dev/null -w '%{http_code}' $url/ || true)" 000

# a native client
check 'native client signs in' "$(status -d "$(login demo "$password")" $url/v1/login)" 200
token=$(jq -r .token body)
check 'its token is 256 bits' ${#token} 43
check 'its packages' "$(jq -r '.packages[0].name + .packages[0].icon' body)" Phone/icons/phone.svg
check 'whoami' "$(status -H "Authorization: Bearer $token" $url/v1/whoami)$(jq -r .user body)" 200demo
check 'no pool: 503' "$(status -H "Authorization: Bearer $token" -d '{"package":"phone"}' $url/v1/sessions)" 503
check 'and what to do' "$(jq -r .detail body)" '*pool manager*does not answer*try again*'
check 'wrong password' "$(status -d "$(login demo wrong)" $url/v1/login)$(jq -r .detail body)" '401wrong user name or password'
check 'unknown user' "$(status -d "$(login nobody wrong)" $url/v1/login)$(jq -r .detail body)" '401wrong user name or password'
for _ in 2 3 4 5; do status -d "$(login demo wrong)" $url/v1/login >/dev/null; done
check 'the sixth try waits' "$(status -D head -d "$(login demo "$password")" $url/v1/login)" 429
check 'and is told how long' "$(grep -i '^retry-after:' head | tr -dc 0-9)" '[1-5]'
check 'oversize is refused' "$(head -c 100000 /dev/zero | status --data-binary @- $url/v1/login)" 413
sleep "$(grep -i '^retry-after:' head | tr -dc 0-9)"

# a browser
browser=(-H 'X-QVMI-Client: browser' -H "Origin: $url" -H 'Sec-Fetch-Site: same-origin' -c jar -b jar)
check 'browser signs in' "$(status "${browser[@]}" -d "$(login demo "$password")" $url/v1/login)" 200
check 'the token is not in the body' "$(jq -r .token body)" null
check 'curl, as strict as a browser, keeps the cookie' "$(awk '$6 == "__Host-qvmi" { print $4, $3 }' jar)" 'TRUE /'
check 'and is known by it' "$(status "${browser[@]}" $url/v1/whoami)$(jq -r .user body)" 200demo
check 'a foreign page is not' "$(status -b jar -H 'X-QVMI-Client: browser' -H 'Origin: https://evil.example' -d '{}' $url/v1/logout)" 403
check 'nor a form' "$(status -b jar -d '{}' $url/v1/logout)" 403
check 'the page has a policy' "$(https -D - -o /dev/null $url/ | grep -ic "^content-security-policy: default-src 'none'")" 1
check 'an icon' "$(status $url/icons/phone.svg)" 200
check 'browser signs out' "$(status "${browser[@]}" -d '{}' $url/v1/logout)" 204
check 'and is nobody' "$(status "${browser[@]}" $url/v1/whoami)" 401

# what is left behind
absent 'no password in the log' "$password" log
absent 'no token in the log' "$token" log
absent 'no token in the database' "$token" broker.db*
absent 'no password in the database' "$password" broker.db*
check 'the hash is Argon2id' "$(sqlite3 broker.db "SELECT password FROM users WHERE name = 'demo'")" '$argon2id$v=19$m=8192,t=3,p=1$*'

# killed, and started again on what is left
kill -9 "$pid"; wait "$pid" 2>/dev/null || true
start
check 'killed and restarted: still signed in' "$(status -H "Authorization: Bearer $token" $url/v1/whoami)" 200

# a second one on the same port
sed "s/^unix=.*/unix=second.sock/; s/broker.db/second.db/" broker.conf >second.conf
check 'a port already taken' "$("$brokerd" --config second.conf 2>&1 >/dev/null || echo "exit $?")" "*port $port*taken*exit 7"
check 'leaves no socket' "$(ls second.sock 2>&1 || true)" '*No such file*'

# configuration
check 'an unknown key is named with its line' "$(sed 's/^unix=/unixx=/' broker.conf >bad.conf; "$brokerd" --config bad.conf 2>&1 || echo "exit $?")" '*bad.conf*8*unixx*exit 2'
check 'a missing key is named' "$(grep -v ^private-key broker.conf >bad.conf; "$brokerd" --config bad.conf 2>&1 || echo "exit $?")" '*[[]grant] private-key*exit 2'
check 'a public key does not sign' "$(openssl pkey -in grant.key -pubout -out grant.pub; sed 's/grant.key/grant.pub/' broker.conf >bad.conf; "$brokerd" --config bad.conf 2>&1 || echo "exit $?")" '*grant.pub*exit *'

# the end
kill "$pid"
code=0; wait "$pid" || code=$?
pid=''
check 'SIGTERM ends it' "$code" 0
check 'and nothing is left of the socket' "$(ls brokerd.sock 2>&1 || true)" '*No such file*'
exit $failed
