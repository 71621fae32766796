# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by tests: certificates for this machine (localhost, 127.0.0.1), as PATH.pem with PATH.key beside it.
#
#   authority PATH                               signed by itself; its common name is PATH's last part
#   certificate AUTHORITY PATH [COMMON-NAME]     signed by the authority at the path AUTHORITY
SUBJECT_ALTERNATIVE=subjectAltName=DNS:localhost,IP:127.0.0.1

authority() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=${1##*/}" -days 2 \
		-addext "$SUBJECT_ALTERNATIVE" -keyout "$1.key" -out "$1.pem" 2>/dev/null
}

certificate() {
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=${3:-${2##*/}}" -keyout "$2.key" 2>/dev/null |
		openssl x509 -req -CA "$1.pem" -CAkey "$1.key" -days 2 \
			-extfile <(echo "$SUBJECT_ALTERNATIVE") -out "$2.pem" 2>/dev/null
}
