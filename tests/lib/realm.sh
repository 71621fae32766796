# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by tests: a company's sign-in (deploy/realm/run) in a folder of the test.
#
#   realm_begin FOLDER [ARGUMENT...]   starts one
#   realm_ready FOLDER                 waits until it answers; FOLDER/env then says where
#   realm_end                          ends all that were started; for the test's EXIT trap, too
#   realm_password FOLDER NAME         prints it
#   realm_ticket FOLDER NAME CACHE     kinit into the file CACHE
#   realm_broker FOLDER [DEADLINE]     prints brokerd's groups [sign-in], [kerberos] and [directory] for it
realm_pids=()

realm_begin() {
	"$(dirname "$(realpath "${BASH_SOURCE[0]}")")/../../deploy/realm/run" "${@:2}" "$1" >"$1.out" 2>&1 &
	realm_pids+=($!)
}

realm_ready() {
	until grep -qs '^ready' "$1.out"; do
		kill -0 "${realm_pids[@]}" 2>/dev/null || { echo 'FAIL the realm does not start:'; cat "$1.out"; exit 1; }
		sleep 0.1
	done
}

realm_end() {
	local pid
	for pid in "${realm_pids[@]}"; do kill "$pid" 2>/dev/null || true; done
	for pid in "${realm_pids[@]}"; do wait "$pid" 2>/dev/null || true; done
	realm_pids=()
}

realm_password() { awk -v name="$2" '$1 == name { print $2 }' "$1/passwords"; }

realm_ticket() { realm_password "$1" "$2" | KRB5_CONFIG=$1/krb5.conf KRB5CCNAME=FILE:$3 kinit "$2" >/dev/null; }

realm_broker() {
	(
		# shellcheck disable=SC1091
		. "$1/env"
		cat <<-END
			[sign-in]
			backend=kerberos
			[kerberos]
			realm=$REALM
			service=HTTP/localhost
			keytab=$HTTP_KEYTAB
			config=$KRB5_CONFIG
			replay-cache=$1/replay
			processes=2
			deadline-ms=${2:-60000}
			[directory]
			servers=$LDAP_URL
			ca=$CA
			people-base=ou=People,$LDAP_BASE
			person-filter=(&(objectClass=inetOrgPerson)(uid=%u)(!(employeeType=left)))
			group-base=ou=Groups,$LDAP_BASE
			admin-group=phone-admins
			cache-s=1
		END
	)
}
