#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The same API over mutual TLS: for who shows a certificate of our authority, and for nobody else.
# shellcheck source=tests/integration/qvisor_lib.sh
source "$(dirname "$0")/qvisor_lib.sh"
# shellcheck source=tests/lib/certificate.sh
. "$here/../lib/certificate.sh"

authority "$work/ours"
authority "$work/theirs"
certificate "$work/ours" "$work/host"
certificate "$work/ours" "$work/pool"
certificate "$work/theirs" "$work/stranger"

port=$(free_ports 1)
listen_also="tls-address=127.0.0.1
tls-port=$port
certificate=$work/host.pem
key=$work/host.key
client-ca=$work/ours.pem"
start_qvisord

ask() { # ask CURL-OPTION...: prints the status, or curl's own failure
	curl -s -m 60 -o "$work/answer" -w '%{http_code}' --cacert "$work/ours.pem" "$@" || echo " curl failed"
}
as() { ask --cert "$work/$1.pem" --key "$work/$1.key" "${@:2}"; }
url=https://127.0.0.1:$port/v1

check 'a certificate of ours is let in' "$(as pool "$url/host")" 200
check 'and asks the same host' "$(jq -r .id "$work/answer")" test-host
check 'no certificate' "$(ask "$url/host")" '*curl failed*'
check 'a certificate of another authority' "$(as stranger "$url/host")" '*curl failed*'
check 'TLS 1.2' "$(as pool --tls-max 1.2 "$url/host")" '*curl failed*'
check 'plain HTTP' "$(ask "http://127.0.0.1:$port/v1/host")" '*curl failed*'

build_template "$tiny/manifest.json"
check 'a phone is cloned over it' "$(as pool -H 'Content-Type: application/json' -d '{"template":"tiny"}' "$url/phones")" 201
uuid=$(jq -r .uuid "$work/answer")
check 'it is listed as running' "$(as pool "$url/phones?state=running") $(jq -r '.phones[0].uuid' "$work/answer")" "200 $uuid"
check 'it is destroyed over it' "$(as pool -X DELETE "$url/phones/$uuid")" '20[024]'
check 'an unknown phone' "$(as pool "$url/phones/$uuid")" 404
end_qvisord TERM
finish
