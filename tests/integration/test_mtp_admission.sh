#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Who is not let in to mtpd, and what it is told: versions, grants, truncated and oversized messages, other protocols.
# shellcheck source=tests/integration/mtp_lib.sh
. "$(dirname "$0")/mtp_lib.sh"
start_mtpd

not_in() { # not_in WHAT EXPECTED(glob) CODE COMMANDS
	check "$1" "$(probe "$(session)" <<<"$4"$'\n'"expect-bye $3" 2>&1)" "$2"
}
not_in 'a newer client' 'bye=1 reason=this host speaks MTP 1, the client MTP 2 to 3; update the host' 1 $'versions 2 3\nopen'
not_in 'an older client' 'bye=1 reason=*update the client' 1 $'versions 0 0\nopen'
not_in 'a client without ZSTD' 'bye=3 reason=a client has to decode*' 3 $'codecs 1\nopen'
not_in 'an expired grant' 'bye=2 reason=the grant *expired*sign in again' 2 $'lifetime -20\nopen'
not_in 'a grant of no form' 'bye=2 reason=the grant *sign in again' 2 $'grant let me in\nopen'
not_in 'a message before HELLO' 'bye=3 reason=the first message must be HELLO, not PING' 3 'raw 0000000800070000000000000001'
not_in 'an oversized HELLO' 'bye=3 reason=the first message is longer than 8192 bytes' 3 'raw 000020010001'
not_in 'a HELLO cut short' 'bye=3 reason=HELLO is cut short*' 3 'raw 00000006000100010001ffff'
not_in 'a type that nobody knows' 'bye=3 reason=the first message must be HELLO, not ?' 3 'raw 0000000003e7'
not_in 'half a HELLO and silence' 'bye=7 reason=no HELLO came within 10 s' 7 'raw 0000010000010001'

mkdir other
"$bin/mtp-probe" keys other
cp keys/ca.pem other/ca.pem
check 'a grant signed by another key' "$(timeout 120 "$bin/mtp-probe" connect other "$port" host-1 "$phone" "$(session)" \
	<<<$'open\nexpect-bye 2' 2>&1)" 'bye=2 reason=the grant *sign in again'
check 'a grant for another host' "$(timeout 120 "$bin/mtp-probe" connect keys "$port" host-2 "$phone" "$(session)" \
	<<<$'open\nexpect-bye 2' 2>&1)" 'bye=2 reason=the grant *host*sign in again'
check 'a grant is good once' "$(probe "$(session)" <<<$'lifetime 59\nopen\nsave-grant used\nexpect-bye 4' 2>&1)" 'bye=4 *'
not_in 'a used grant' 'bye=2 reason=the grant *used*sign in again' 2 $'use-grant used\nopen'
stop mtpd KILL
start_mtpd
not_in 'nor when mtpd was killed meanwhile' 'bye=2 reason=the grant *used*sign in again' 2 $'use-grant used\nopen'
check 'what is changed in a grant' "$(jq -Rr '.[0:-4]+"AAAA"' used >forged; probe "$(session)" \
	<<<$'use-grant forged\nopen\nexpect-bye 2' 2>&1)" 'bye=2 *'
not_in 'a host without qvisord' "bye=4 reason=qvisord does not answer*try again*" 4 'open'
start_broker 10
other_phone=$(session)
check 'a phone that is not here' "$(timeout 120 "$bin/mtp-probe" connect keys "$port" host-1 "$other_phone" "$(session)" \
	<<<$'open\nexpect-bye 4' 2>&1)" 'bye=4 reason=*'

# Other protocols on the ports.
exec {fd}<>"/dev/tcp/127.0.0.1/$port"
{ printf 'GET / HTTP/1.0\r\n\r\n' >&"$fd"; } 2>/dev/null || true # hung up on already
check 'no TLS at all is hung up on' "$(timeout 30 cat <&"$fd" >/dev/null 2>&1; echo $?)" '[01]'
exec {fd}>&-
check 'TLS 1.2' "$(openssl s_client -connect "127.0.0.1:$port" -tls1_2 </dev/null 2>&1 | grep -ci 'protocol version')" '[1-9]*'
check 'another ALPN' "$(openssl s_client -connect "127.0.0.1:$port" -alpn h2 </dev/null 2>&1 | grep -ci 'no application protocol')" '[1-9]*'
upgrade() { # upgrade CURL-OPTION...: the status; a WebSocket that is let in stays open
	local sign version status=''
	exec {answer}< <(exec curl -s -v -o /dev/null -m 60 --http1.1 --cacert keys/ca.pem -H 'Connection: Upgrade' \
		-H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13' -H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' "$@" 2>&1)
	while read -r sign version status _ <&"$answer"; do
		[ "$sign $version" != '< HTTP/1.1' ] || break
	done
	kill "$!" 2>/dev/null || true
	exec {answer}<&-
	echo "$status"
}
ws=https://localhost:$((port + 1))/mtp
check 'a WebSocket without the subprotocol' "$(upgrade "$ws")" 400
# A grant in HELLO admits, no cookie does: the broker's page, at another origin, has to get this far.
check 'a WebSocket of another origin gets as far as HELLO' "$(upgrade -H 'Sec-WebSocket-Protocol: mtp.v1' -H 'Origin: https://evil.example' "$ws")" 101
check 'a WebSocket elsewhere' "$(upgrade -H 'Sec-WebSocket-Protocol: mtp.v1' "${ws}x")" 404
check 'a WebSocket of ours' "$(upgrade -H 'Sec-WebSocket-Protocol: mtp.v1' "$ws")" 101

# One address cannot fill the hall: 16 half-open connections, the rest is told to come later.
declare -a half=()
for _ in $(seq 16); do
	exec {fd}<>"/dev/tcp/127.0.0.1/$port"
	half+=("$fd")
done
seventeenth() { probe "$(session)" <<<open; }
check_soon 'the seventeenth half-open connection' 'mtp-probe: no TLS*' seventeenth
for fd in "${half[@]}"; do exec {fd}>&-; done
admitted() { probe "$(session)" <<<$'open\nexpect-bye 4'; }
check_soon 'and after they are gone' 'bye=4 *' admitted

stop mtpd TERM
start_mtpd
sed 's#^unix=.*#unix=taken.sock#' mtpd.conf >taken.conf
check 'a port already taken' "$("$bin/mtpd" --config taken.conf 2>&1 || true)" "*cannot listen on 127.0.0.1 port $port (listen/port)*choose another port*"
check 'a certificate that is not there' "$(sed 's#^certificate=.*#certificate=nowhere.pem#; s#^unix=.*#unix=c.sock#' mtpd.conf >c.conf
	"$bin/mtpd" --config c.conf 2>&1 || true)" '*the certificate *nowhere.pem cannot be used*'
check 'a key that is unknown' "$(printf 'colour=blue\n' | cat mtpd.conf - >k.conf; "$bin/mtpd" --config k.conf 2>&1 || true)" '*colour*'
if grep -aE 'eyJ' mtpd.log; then echo 'FAIL a secret is in the log'; failed=1; else echo 'ok   no secret is in the log'; fi
exit "$failed"
