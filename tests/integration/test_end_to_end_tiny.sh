#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The whole system on one machine, as a user meets it: `qvmi up` on the tiny guest, the desktop client headless, touch and
# picture, the same phone again; what must be refused, with the words it is refused with; and nothing left over at the end.
# shellcheck source=/dev/null disable=SC2154
. "$(dirname "$0")/up_lib.sh"
# shellcheck source=tests/lib/certificate.sh
. "${BASH_SOURCE[0]%/*}/../lib/certificate.sh"
cd "$work"

socket() { json ".sockets.$1"; }
pool() { curl -sS --unix-socket "$(socket poold)" "http://pool$1"; }
mtpd() { curl -sS --unix-socket "$(socket mtpd)" "http://mtpd$1"; }
leased() { pool '/v1/leases?user=demo' | jq -r '[.leases[].phone.uuid] | join(" ")'; }
client() { # client NAME [OPTION...]: output in NAME.out; prints the exit code
	local name=$1 code=0
	shift
	timeout 120 "$QVMI_BIN/mtp-client" "$broker" --user "$user" --ca-file "$ca" --password-file "$password_file" --headless "$@" \
		>"$name.out" 2>&1 || code=$?
	echo $code
}

start --manifest "$tiny/manifest.json" --accelerator tcg --fresh --small
check "up after $SECONDS s" "$code" ''
broker=$(json .broker) ca=$(json .ca_file) user=$(json .user) password_file=$(json .password_file)
started=$(json .pids)

# --- sign in, picture, touch ---

# Parts of a picture may come roughly, and exactly once it is quiet: pictures are compared after that.

cat >first.script <<'EOF'
wait-update
wait-quiet 2500 30000
screenshot before.png
measure-tap 50% 75%
wait-quiet 2500 30000
screenshot after.png
EOF
check 'the client plays its script' "$(client first --script first.script --stats-json first.json)" 0
[ -s before.png ] && [ -s after.png ] || { cat first.out; exit 1; }
check 'the picture has the size of the screen' "$(od -An -v -tx1 -j16 -N8 before.png | tr -d ' \n')" 00000168000002d0
check 'a tap changes the picture' "$(cmp -s before.png after.png || echo changed)" changed
check 'and that was measured' "$(jq '.touch_to_change_ms.samples | length' first.json)" 1
phone=$(leased)
check 'the client is gone, the phone runs' "$(pool "/v1/phones/$phone" | jq -r .state)" running
check 'nobody watches it' "$(mtpd /v1/sessions | jq '.sessions | length')" 0
check 'its thumbnail is there' "$(pool "/v1/phones/$phone/thumbnail?width=90" | od -An -v -tx1 -N3 | tr -d ' \n')" ffd8ff

printf 'wait-update\nwait-quiet 2500 30000\nscreenshot again.png\nread-text again.txt 60000\n' >again.script
check 'signing in again' "$(client again --script again.script)" 0
check 'leads to the same phone' "$(leased)" "$phone"
check 'and the host reads what it shows' "$(cat again.txt)" '*QUICK BROWN FOX*'
check 'with the same picture' "$(cmp after.png again.png && echo same)" same

# --- who is not let in, and what he reads ---

echo 'not the password' >wrong
password_file_was=$password_file password_file=wrong
check 'a wrong password' "$(client wrong)" 4
check 'is told' "$(cat wrong.out)" '*wrong user name or password*'
password_file=$password_file_was
check 'a package that is not his' "$(client package --package nothing)" 4
check 'is told' "$(cat package.out)" '*do not have package nothing*ask your administrator*'
authority other
ca_was=$ca ca=other.pem
check 'a broker of another authority' "$(client authority)" '[1-9]*'
check 'is not trusted' "$(cat authority.out)" '*certificate was not issued by*'
ca=$ca_was

# --- MTP by hand ---

hex() { od -An -v -tx1 | tr -d ' \n'; }
escaped() { sed 's/../\\x&/g' <<<"$1"; } # for printf
frame() { printf '%08x%04x%s' $((${#2} / 2)) "$1" "$2"; } # frame TYPE PAYLOAD(hex)
str() { printf '%04x%s' ${#1} "$(printf %s "$1" | hex)"; }
hello() { frame 1 "$(printf '%04x%04x' "${2:-1}" "${3:-1}")$(str "$1")$(str bash)$(printf '%04x%04x%04x%02x%08x' 360 720 96 1 31)"; }
tls() { # tls OPTION: -ign_eof or -no_ign_eof, what to do at the end of standard input
	exec timeout 60 openssl s_client -quiet "$1" -alpn mtp/1 -connect "127.0.0.1:$((ports + 4))" -CAfile "$ca" \
		-verify_return_error 2>/dev/null
}
# talk HEX [GLOB]: sends it, and prints the types of what comes until the server closes, or until they are like GLOB.
talk() {
	local bytes came='' pid
	bytes=$(escaped "$1")
	mkfifo to-send
	tls -ign_eof <to-send >came &
	pid=$!
	exec {send}>to-send
	# shellcheck disable=SC2059
	printf "$bytes" >&"$send"
	# shellcheck disable=SC2053
	while came=$(types "$(hex <came)" | tr '\n' ' '); [[ -z ${2:-} || $came != $2 ]] && kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
	kill "$pid" 2>/dev/null || true
	wait "$pid" 2>/dev/null || true
	exec {send}>&-
	rm to-send
	types "$(hex <came)" | tr '\n' ' '
}
types() { # types HEX: the frames in it, as "TYPE" or, for BYE, "bye CODE REASON"
	local rest=$1 size type
	while [ ${#rest} -ge 12 ]; do
		size=$((16#${rest:0:8} * 2)) type=$((16#${rest:8:4}))
		if [ $type = 9 ]; then
			printf 'bye %d %b\n' $((16#${rest:12:4})) "$(sed 's/../\\x&/g' <<<"${rest:20:$((size - 8))}")"
		else
			echo $type
		fi
		rest=${rest:$((12 + size))}
	done
}

token=$(curl -sS --cacert "$ca" -H 'Content-Type: application/json' \
	-d "$(jq -nc --arg u "$user" --arg p "$(cat "$password_file")" '{user: $u, password: $p}')" "$broker/v1/login" | jq -r .token)
session() { curl -sS --cacert "$ca" -H 'Content-Type: application/json' -H "Authorization: Bearer $token" -d '{"package":"phone"}' "$broker/v1/sessions"; }
base64url() { base64 -w 0 | tr '+/' '-_' | tr -d =; }
signed() { # signed KEY CLAIMS(json): a grant
	local head
	head=$(printf '{"alg":"EdDSA","typ":"JWT"}' | base64url).$(printf %s "$2" | base64url)
	printf %s "$head" >to-sign
	printf '%s.%s' "$head" "$(openssl pkeyutl -sign -rawin -inkey "$1" -in to-sign | base64url)"
}
claims() { # claims PHONE BEGIN END [HOST]
	printf '{"iss":"qvmi-broker","aud":"%s","sub":"demo","jti":"%s","nbf":%d,"exp":%d,"phone":"%s","session":"%s","role":"user"}' \
		"${4:-host-1}" "$RANDOM$RANDOM$RANDOM" "$2" "$3" "$1" "$(cat /proc/sys/kernel/random/uuid)"
}
key=state/pki/grant.key
now() { date +%s; }

grant=$(session | jq -r .grant)
# s_client says nothing more after HELLO: welcome (64) and a first picture (66) are all it gets.
check 'a grant opens' "$(talk "$(hello "$grant")" '64 66 *')" '64 66 *'
check 'once' "$(talk "$(hello "$grant")")" 'bye 2 *grant has been used already; sign in again*'
grant=$(signed $key "$(claims "$phone" $(($(now) - 100)) $(($(now) - 70)))")
check 'not when it has expired' "$(talk "$(hello "$grant")")" 'bye 2 *grant has expired * s ago; sign in again*'
grant=$(signed $key "$(claims "$phone" "$(now)" $(($(now) + 3600)))")
check 'not for an hour' "$(talk "$(hello "$grant")")" 'bye 2 *lives longer than a grant may*'
grant=$(signed $key "$(claims "$phone" "$(now)" $(($(now) + 30)) host-2)")
check 'not at another host' "$(talk "$(hello "$grant")")" 'bye 2 *is for another host*'
openssl genpkey -algorithm ed25519 -out forged.key
grant=$(signed forged.key "$(claims "$phone" "$(now)" $(($(now) + 30)))")
check 'not when it is forged' "$(talk "$(hello "$grant")")" 'bye 2 *not signed by this broker*'
grant=$(session | jq -r .grant)
check 'not when a letter of it differs' "$(talk "$(hello "${grant/./.A}")")" 'bye 2 *'
check 'not when it is no token' "$(talk "$(hello nonsense)")" 'bye 2 *is not a token*'
grant=$(signed $key "$(claims 00000000-0000-4000-8000-000000000000 "$(now)" $(($(now) + 30)))")
check 'nor for a phone that is not there' "$(talk "$(hello "$grant")")" 'bye 4 *'

grant=$(session | jq -r .grant)
check 'a client of another version' "$(talk "$(hello "$grant" 2 7)")" 'bye 1 *this host speaks MTP 1*2 to 7*'
check 'who may try again, the grant is not used' "$(talk "$(hello "$grant")" '64 66 *')" '64 66 *'
check 'a touch before HELLO' "$(talk "$(frame 4 00000064007d)")" 'bye 3 *first message must be HELLO*'
grant=$(session | jq -r .grant) whole=$(hello "$grant")
check 'a HELLO cut short inside' "$(talk "$(frame 1 "${whole:12:40}")")" 'bye 3 *cut short*'
check 'a HELLO longer than one may be' "$(talk "$(printf '%08x%04x' $((64 * 1024)) 1)")" 'bye 3 *'
check 'a length of 4 GiB' "$(talk ffffffff0001)" 'bye 3 *'
# shellcheck disable=SC2059
check 'a stream that is cut in the middle' "$(printf "$(escaped "${whole:0:60}")" | tls -no_ign_eof | hex)" ''
check 'nothing but TLS is spoken' "$( (exec 3<>"/dev/tcp/127.0.0.1/$((ports + 4))"; printf 'GET / HTTP/1.0\r\n\r\n' >&3; timeout 30 cat <&3 | hex) 2>/dev/null)" '!(*48545450*)'
check 'an oversized message after HELLO' "$(talk "$whole$(frame 6 '')$(printf '%08x%04x' $((1 << 20)) 3)")" '64 *bye 3 *'
grant=$(session | jq -r .grant)
check 'an unknown message is skipped' "$(talk "$(hello "$grant")$(frame 999 0011)$(frame 7 0000000000000001)" '64 *8 *')" '64 *8 *'

# --- it has stood all that ---

check 'the daemons are those that were started' "$(json .pids)" "$started"
check 'and shows the phone as before' "$(client still --script again.script)" 0
check 'the phone has not moved' "$(leased)" "$phone"

# --- the end ---

end TERM
check 'it ends' "$code" 0
gone 'at the end'
check 'no socket' "$(find . -type s)" ''
check 'no run folder' "$(ls run 2>/dev/null || true)" ''
check 'no phone' "$(find state/host -mindepth 1 -maxdepth 1 2>/dev/null)" ''
check 'the template is' "$(find cache -mindepth 1 -maxdepth 1 | wc -l)" '[1-9]*'
check 'no secret in a log' "$(grep -rlF -e "$(cat "$password_file")" -e "$token" state/log || true)" ''
finish
