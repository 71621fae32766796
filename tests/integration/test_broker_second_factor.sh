#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A second factor at the real daemons: curl, qvmi, mtp-client and the console, with oathtool as the authenticator application.
set -euo pipefail
bin=${QVMI_BIN:?the folder of the binaries}
lib=$(dirname "$(realpath "$0")")/../lib
# shellcheck source=tests/lib/check.sh
. "$lib/check.sh"
# shellcheck source=tests/lib/certificate.sh
. "$lib/certificate.sh"
# shellcheck source=tests/lib/broker.sh
. "$lib/broker.sh"
work=$(mktemp -d) pids=()
trap 'kill -9 "${pids[@]}" 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"
export XDG_STATE_HOME=$work/state XDG_CONFIG_HOME=$work/config XDG_RUNTIME_DIR=$work
port=$(free_ports 2)
url=https://127.0.0.1:$port console=https://127.0.0.1:$((port + 1))
authority server
broker_conf "$work" "$port" "$work/server" "$work/no-pool.sock" >broker.conf
printf '[second-factor]\nafter-password=everybody\nkey=factor.key\n' >>broker.conf

check 'without a key it does not start' "$("$bin/brokerd" --config broker.conf 2>&1 || echo "exit $?")" '*factor.key*exit *'
(umask 077; openssl rand -out factor.key 32)
check 'nor with a policy that it does not know' "$(sed s/everybody/someone/ broker.conf >bad.conf; "$bin/brokerd" --config bad.conf 2>&1 || echo "exit $?")" \
	'*someone*administrators*exit 2'

start() { # NAME CONFIGURATION URL
	"$bin/$1" --config "$2" 2>>log &
	pids+=($!)
	eventually curl -sf --noproxy "*" -o /dev/null --cacert server.pem "$3/readyz" || { echo "FAIL $1 does not start:"; cat log; exit 1; }
}
start brokerd broker.conf $url
cat >console.conf <<END
[listen]
address=127.0.0.1
port=$((port + 1))
certificate=$work/server.pem
key=$work/server.key
[broker]
url=unix:$work/brokerd.sock
[pool]
url=unix:$work/no-pool.sock
END
start consoled console.conf $console

post() { curl -s --noproxy '*' --cacert server.pem -H 'Content-Type: application/json' -o body -w '%{http_code}' "${@:3}" -d "$2" "$1"; }
admin() { curl -s -o body -w '%{http_code}' --unix-socket brokerd.sock -H 'Content-Type: application/json' "$@"; }
begin() { post "${2:-$url}/v1/login" "{\"user\":\"$1\",\"password\":\"password-$1\"}" "${@:3}"; }
finish() { post "${2:-$url}/v1/login/second-factor" "$(jq -c --arg c "$1" '{challenge, code: $c}' body)" "${@:3}"; }
# The code of now, or, as each is good once, the next, which a clock that is behind would show. KEY [next]
code() { oathtool --totp -b "$1" --now "$(date -u -d "now ${2:+30 seconds}" '+%F %T UTC')"; }

for name in alice bob dave; do admin -d "{\"name\":\"$name\",\"password\":\"password-$name\"}" http://b/v1/users >/dev/null; done
admin -d '{"name":"carol","password":"password-carol","admin":true}' http://b/v1/users >/dev/null
admin -d '{"id":"phone","name":"Phone","kind":"phone","pool":"phone"}' http://b/v1/packages >/dev/null
admin -d '{"user":"dave"}' http://b/v1/packages/phone/grants >/dev/null

# the API
check 'the password is one half' "$(begin alice)$(jq -r .token body)" 202null
check 'a QR code of the key' "$(jq -r '.enrolment | .uri + " " + (.qr | length | tostring)' body)" "otpauth://totp/QVMI:alice?secret=$(jq -r .enrolment.secret body)&* [0-9][0-9]"
key=$(jq -r .enrolment.secret body)
first=$(code "$key")
check 'the application enrols' "$(finish "$first")$(jq '.recovery_codes | length' body)" 20010
jq -r '.recovery_codes[]' body >recovery
check 'the same code again is refused' "$(begin alice >/dev/null; finish "$first")$(jq -r .detail body)" '403*used already*'
check 'the next one signs in' "$(begin alice >/dev/null; finish "$(code "$key" next)")" 200
kill -9 "${pids[0]}"; wait "${pids[0]}" 2>/dev/null || true
start brokerd broker.conf $url
check 'killed and restarted: a recovery code' "$(begin alice >/dev/null; finish "$(head -1 recovery)")$(jq -r .recovery_codes_left body)" 2009
check 'is good once' "$(begin alice >/dev/null; finish "$(head -1 recovery)")" 403

# qvmi, the code by hand
login() { "$bin/qvmi" --server "$1" --ca-file server.pem login "$2" --password-file <(echo "password-$2") 2>"$2.err" >"$2.out"; }
shown() { sed -n 's/.*by hand: //p' "$1"; }
has_key() { [ -n "$(shown "$1")" ]; }
mkfifo typed
login "$url" bob <typed & job=$!
exec 3>typed
check_key() { eventually has_key "$1" || { echo "FAIL no key in $1"; cat "$1" log; exit 1; }; }
check_key bob.err
bobs=$(shown bob.err)
code "$bobs" >&3; exec 3>&-
wait "$job" && check 'qvmi login enrols' "$(cat bob.out)" '*signed in*bob*'
check 'and shows recovery codes' "$(grep -c '^    ....-....-....-....$' bob.err)" 10
check 'qvmi login with the next code' "$(code "$bobs" next | login "$url" bob; cat bob.out)" '*signed in*bob*'
check 'qvmi login without a code' "$(login "$url" bob </dev/null || cat bob.err)" '*no*given*'
check 'the device is known, in a file of its owner' "$(stat -c %a state/qvmi/devices/*)" 600

# mtp-client
mkfifo code.fifo
echo password-dave >dave.password
client() { "$bin/mtp-client" "$url" --ca-file server.pem --user dave --password-file dave.password --headless --code-file "$1" 2>&1; }
client code.fifo >dave.err & dave=$!
check_key dave.err
code "$(shown dave.err)" >code.fifo
check 'mtp-client says that a code is wrong' "$(echo 000000 >wrong; client wrong || true)" '*--code-file wrong is wrong, or was used already*'

# the console
page=(-H 'X-QVMI-Client: browser' -H "Origin: $console" -H 'Sec-Fetch-Site: same-origin' -c jar -b jar)
check 'the console asks administrators' "$(begin carol "$console" "${page[@]}")$(jq -r 'has("challenge")' body)" 202true
key=$(jq -r .enrolment.secret body)
check 'refuses a wrong code' "$(cp body asked; finish 000000 "$console" "${page[@]}"; cp asked body)" 403
check 'and enrols' "$(finish "$(code "$key")" "$console" "${page[@]}")$(jq -r '.user + " " + (.recovery_codes | length | tostring) + " " + (.token // "no token")' body)" \
	'200carol 10 no token'
jq -r ".recovery_codes[0]" body >carols
check 'the cookie is good' "$(curl -s --noproxy '*' --cacert server.pem "${page[@]}" $console/v1/whoami | jq -r .user)" carol
check 'qvmi signs in at the console' "$(code "$key" next | login "$console" carol; cat carol.out)" '*signed in*carol*'
check 'who is none may not reset a factor' "$("$bin/qvmi" --server "$url" --ca-file server.pem user reset-second-factor alice 2>&1 || true)" '*administrators*'
check 'carol comes with a recovery code' "$(login "$url" carol <carols; cat carol.out carol.err)" '*signed in*9 are left*'
check 'and resets it' "$("$bin/qvmi" --server "$url" --ca-file server.pem user reset-second-factor alice)" '*alice is removed*'
check 'and alice enrols anew' "$(begin alice)$(jq -r 'has("enrolment")' body)" 202true

wait "$dave" || true # it has waited for the pool, which there is none
check 'mtp-client enrols and goes on' "$(cat dave.err)" '*Recovery codes*pool manager*'
for secret in "$key" "$(head -2 recovery | tail -1)" "$bobs"; do
	check 'no secret in log or records' "$(grep -caF -e "$secret" log broker.db* | grep -vc ':0$')" 0
done
check 'who did what is in the log' "$(grep -c 'carol has enrolled\|alice has used a recovery code\|second factor of alice was removed by carol' log)" 3
check 'nothing wrong was seen by the sanitizers' "$(grep -E 'Sanitizer|runtime error' log *.err)" ''
exit $failed
