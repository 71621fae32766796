#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# From sign-in to a running phone and back: brokerd, poold and qvisord as processes, real QEMU on the tiny guest.
set -euo pipefail
bin=${QVMI_BIN:?the folder of the binaries}
here=$(dirname "$(realpath "$0")")
# shellcheck source=tests/lib/check.sh
. "$here/../lib/check.sh"
# shellcheck source=tests/lib/certificate.sh
. "$here/../lib/certificate.sh"
# shellcheck source=tests/lib/broker.sh
. "$here/../lib/broker.sh"
work=$(mktemp -d)
declare -A pids=()

end() {
	local name pid
	for name in brokerd poold qvisord; do
		[ -z "${pids[$name]:-}" ] || kill -9 "${pids[$name]}" 2>/dev/null || true
	done
	for pid in $(jq -r '.pid // empty' "$work"/state/*/phone.json 2>/dev/null); do
		# The pid of a record may have become somebody else's: the command line says whose it is.
		! grep -qsF "$work" "/proc/$pid/cmdline" || kill -9 "$pid" 2>/dev/null || true
	done
	rm -rf "$work"
}
trap end EXIT
cd "$work"
mkdir state run templates

die() { echo "FAIL $*"; tail -n 20 ./*.log; exit 1; }

port=$(free_ports 1)
guest=$("$here/../guest/build" | tail -n 1)

authority server
cat >qvisord.conf <<EOF
[host]
id=host-1
state-folder=state
run-folder=run
template-folder=templates
accelerator=tcg
[listen]
unix=qvisord.sock
display=display.sock
EOF
cat >poold.conf <<EOF
[database]
path=pool.db
[listen]
unix=poold.sock
EOF
broker_conf "$work" "$port" "$work/server" "$work/poold.sock" >brokerd.conf

start() { # start DAEMON
	"$bin/$1" --config "$1.conf" 2>>"$1.log" &
	pids[$1]=$!
	for _ in $(seq 600); do
		[ "$(curl -s -o /dev/null -w '%{http_code}' --unix-socket "$1.sock" http://d/readyz)" = 200 ] && return
		kill -0 "${pids[$1]}" 2>/dev/null || break
		sleep 0.1
	done
	die "$1 does not start"
}
ask() { # ask DAEMON METHOD PATH [BODY]: the body; fails when the answer is no success
	curl -sS --fail-with-body --unix-socket "$1.sock" -X "$2" -H 'Content-Type: application/json' ${4:+-d "$4"} "http://d$3"
}
user() { # user NAME [METHOD PATH [BODY]]: signs in when nothing is asked; prints the status, leaves the body in the file body
	if [ $# = 1 ]; then
		broker_sign_in "https://127.0.0.1:$port" server.pem "$1" >"token-$1"
	else
		curl -sS --noproxy '*' --cacert server.pem -H 'Content-Type: application/json' -H "Authorization: Bearer $(cat "token-$1")" \
			-o body -w '%{http_code}' -X "$2" ${4:+-d "$4"} "https://127.0.0.1:$port$3"
	fi
}
claim() { jq -r .grant body | cut -d. -f2 | tr -- '-_' '+/' | { cat; echo '=='; } | tr -d '\n' | base64 -di 2>/dev/null | jq -r ".$1"; }
phone_state() { ask qvisord GET "/v1/phones/$1" | jq -r .state; }

start qvisord
start poold
start brokerd
ask poold POST /v1/hosts "{\"id\":\"host-1\",\"url\":\"unix:$work/qvisord.sock\",\"mtpd_url\":\"unix:$work/mtpd.sock\",
	\"mtp\":{\"address\":\"0.0.0.0\",\"port\":8444,\"websocket_port\":8445}}" >/dev/null
operation=$(ask poold POST /v1/templates "{\"host\":\"host-1\",\"manifest\":\"$guest/manifest.json\"}" | jq -r .id)
for _ in $(seq 240); do
	state=$(ask poold GET "/v1/operations/$operation" | jq -r .state)
	[ "$state" = running ] || break
	sleep 1
done
check 'the template is built' "$state" succeeded
template=$(ask qvisord GET /v1/templates | jq -r '.templates[0].name')
ask poold POST /v1/pools "{\"name\":\"phone\",\"template\":\"$template\",\"ready\":1,\"max\":2,\"volatile\":false}" >/dev/null
ask brokerd POST /v1/packages '{"id":"phone","name":"Phone","kind":"phone","pool":"phone"}' >/dev/null
ask brokerd POST /v1/packages '{"id":"sums","name":"Sums","kind":"application","pool":"phone","application":"org.gnome.Calculator"}' >/dev/null
ask brokerd POST /v1/packages '{"id":"card","name":"Card","kind":"application","pool":"phone","application":"org.qvmi.Card"}' >/dev/null
for name in ann bob cem; do
	ask brokerd POST /v1/users "{\"name\":\"$name\",\"password\":\"password-$name\"}" >/dev/null
	ask brokerd POST /v1/packages/phone/grants "{\"user\":\"$name\"}"
	user $name
done
ask brokerd POST /v1/packages/sums/grants '{"user":"ann"}'
ask brokerd POST /v1/packages/card/grants '{"user":"ann"}'

open='{"package":"phone","terminal":{"model":"curl","width":360,"height":720}}'
check 'a session' "$(user ann POST /v1/sessions "$open")" 201
phone=$(jq -r .phone.uuid body) session=$(jq -r .session body)
check 'its phone runs' "$(phone_state "$phone")" running
check 'the grant is for this host' "$(claim aud)" host-1
check 'this phone' "$(claim phone)" "$phone"
check 'this user' "$(claim sub)" ann
check 'this session' "$(claim session)" "$session"
check 'for 30 s' "$(($(claim exp) - $(claim nbf)))" 30
check 'the address is the one that was used' "$(jq -r '.mtp.host + " " + .websocket' body)" '127.0.0.1 wss://127.0.0.1:8445/mtp'
first=$(jq -r .grant body)
check 'a fresh grant' "$(user ann POST "/v1/sessions/$session/grant")" 200
check 'is another one' "$([ "$(jq -r .grant body)" = "$first" ] || echo other)" other
check 'closing the session' "$(user ann DELETE "/v1/sessions/$session")" 204
check 'leaves the phone running' "$(phone_state "$phone")" running
check 'no more grants for it' "$(user ann POST "/v1/sessions/$session/grant")" 409
check 'a new session' "$(user ann POST /v1/sessions "$open")" 201
check 'has the same phone' "$(jq -r .phone.uuid body)" "$phone"
session=$(jq -r .session body)
check 'another user' "$(user bob POST /v1/sessions "$open")" 201
check 'has another phone' "$([ "$(jq -r .phone.uuid body)" = "$phone" ] || echo other)" other
check 'a third finds none' "$(user cem POST /v1/sessions "$open")" 507
check 'and reads why' "$(jq -r .detail body)" 'every phone of pool phone is in use*'
check 'a package he does not have' "$(user bob POST /v1/sessions '{"package":"sums"}')" 403
check 'an application is launched' "$(user ann POST /v1/sessions '{"package":"card"}')" 201
check 'without a word' "$(jq -r .notice body)" null
check 'an application that is not there' "$(user ann POST /v1/sessions '{"package":"sums"}')" 201
check 'is said, the phone comes all the same' "$(jq -r '.notice + .phone.uuid' body)" "the application did not start*$phone"

check 'a phone that was switched off' "$(ask poold POST "/v1/phones/$phone/stop" '{"force":true}' >/dev/null; phone_state "$phone")" off
known_state() { ask poold GET "/v1/phones/$phone" | jq -r .state; }
check_soon 'which poold sees' off known_state
check 'gets no grant' "$(user ann POST "/v1/sessions/$session/grant")" 409
check 'and is started by the next session' "$(user ann POST /v1/sessions "$open")" 201
check 'the same one' "$(jq -r .phone.uuid body) $(phone_state "$phone")" "$phone running"

kill -9 "${pids[poold]}"; wait "${pids[poold]}" 2>/dev/null || true
(sleep 0.5; exec "$bin/poold" --config poold.conf 2>>poold.log) &
pids[poold]=$!
check 'a pool manager that is being restarted is waited for' "$(user ann POST /v1/sessions "$open")" 201
check 'the same phone' "$(jq -r .phone.uuid body)" "$phone"

lease=$(ask poold GET '/v1/leases?user=ann' | jq -r '.leases[0].id')
ask poold DELETE "/v1/leases/$lease"
check 'when the lease has ended, so has the right to it' "$(user ann POST "/v1/sessions/$session/grant")" 409

# the end, in order: nothing is left of what we started
for uuid in $(ask qvisord GET /v1/phones | jq -r '.phones[].uuid'); do ask qvisord DELETE "/v1/phones/$uuid" || true; done
for name in brokerd poold qvisord; do
	kill "${pids[$name]}"
	code=0; wait "${pids[$name]}" || code=$?
	check "$name ends" "$code" 0
	pids[$name]=''
done
check_soon 'no QEMU is left' 0 pgrep -fc "$work/state"
[ $failed = 0 ] || tail -n 30 ./*.log
exit $failed
