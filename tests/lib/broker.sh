# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by tests that have a broker of their own.
#
#   broker_conf FOLDER PORT CERTIFICATE POOLD    prints the configuration of a brokerd with all that it has in FOLDER (brokerd.sock,
#                                                broker.db, grant.key, which is made); CERTIFICATE.pem and .key; POOLD: a socket
#   broker_sign_in URL CA USER                   prints a token; the password is password-USER
broker_conf() {
	[ -e "$1/grant.key" ] || openssl genpkey -algorithm ed25519 -out "$1/grant.key"
	cat <<END
[database]
path=$1/broker.db
[listen]
address=127.0.0.1
port=$2
certificate=$3.pem
key=$3.key
unix=$1/brokerd.sock
[grant]
private-key=$1/grant.key
[pool]
url=unix:$4
[argon2]
memory-kib=8192
END
}

broker_sign_in() {
	curl -sS --noproxy '*' --cacert "$2" -H 'Content-Type: application/json' -d "{\"user\":\"$3\",\"password\":\"password-$3\"}" "$1/v1/login" | jq -r .token
}
