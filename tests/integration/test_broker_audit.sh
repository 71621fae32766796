#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The broker's audit log as a process keeps it: what qvmi says of it, what of it cannot be changed unseen, and what is refused
# while it cannot be written.
if [ -z "${AUDIT_INSIDE:-}" ] && unshare --mount true 2>/dev/null; then
	AUDIT_INSIDE=1 exec unshare --mount "$0"
fi
set -euo pipefail
brokerd=${QVMI_BIN:?the folder of the binaries}/brokerd
# shellcheck source=tests/lib/check.sh
. "$(dirname "$(realpath "$0")")/../lib/check.sh"
# shellcheck source=tests/lib/certificate.sh
. "$(dirname "$(realpath "$0")")/../lib/certificate.sh"
# shellcheck source=tests/lib/broker.sh
. "$(dirname "$(realpath "$0")")/../lib/broker.sh"
work=$(mktemp -d) pid=''
clean_up() {
	[ -z "$pid" ] || kill -9 "$pid" 2>/dev/null || true
	umount "$work/small" 2>/dev/null || true
	rm -rf "$work"
}
trap clean_up EXIT
cd "$work"
mkdir small
[ -z "${AUDIT_INSIDE:-}" ] || mount -t tmpfs -o size=512k,mode=700 audit small
authority server
{
	broker_conf "$work" "$(free_ports 1)" "$work/server" "$work/no-pool.sock"
	printf '[audit]\npath=%s\nheads=%s\n' "$work/small/audit.sqlite" "$work/audit-heads"
} >broker.conf
openssl pkey -in grant.key -pubout -out grant.pub

start() {
	"$brokerd" --config broker.conf 2>>log &
	pid=$!
	eventually curl -sf --unix-socket brokerd.sock http://b/readyz || { cat log; exit 1; }
}
stop() { kill "$pid"; wait "$pid" || true; pid=''; }
qvmi() { "$QVMI_BIN/qvmi" --server "unix:$work/brokerd.sock" "$@"; }
verify() { qvmi audit verify --heads audit-heads --key grant.pub 2>&1 || echo "code $?"; }
sql() { sqlite3 -cmd '.timeout 5000' small/audit.sqlite "$1"; }
add_user() { qvmi user add "$1" --password-file password 2>&1 || echo "code $?"; }

# --- what it says ---

echo 'a long secret, nobody knows it' >password
start
check 'a user is added' "$(add_user ann)" 'user ann is added'
check 'and another' "$(add_user bob)" 'user bob is added'
check 'and removed' "$(qvmi user remove bob)" 'user bob is removed'
check 'the log has it' "$(qvmi audit log --format json | jq -r '[.records[] | "\(.seq) \(.who) \(.action) \(.target) \(.outcome)"] | join(", ")')" \
	'6 the operator DELETE /v1/users/{name} bob done, 5 * bob asked, 4 * POST /v1/users bob done, 3 *, 2 * ann done, 1 * POST /v1/users ann asked'
check 'by whom' "$(qvmi audit log --who ann --format json | jq '.records | length')" 0
check 'to whom' "$(qvmi audit log --target bob --outcome done --format json | jq '.records | length')" 2
check 'a page' "$(qvmi audit log --limit 2 --before 4 --format json | jq -c '[.records[].seq]')" '\[3,2\]'
check 'a wrong time' "$(qvmi audit log --since yesterday 2>&1 || true)" '*--since is a time like*'
check 'as a table' "$(qvmi audit log | head -n 2 | tail -n 1)" '6 *the operator*bob*done*'
check 'no secret is in it' "$(qvmi audit log --format json | grep -c 'long secret' || true)" 0
stop
start
check 'it verifies' "$(verify)" '!(*code*)*6*'
check 'the log goes on after a restart' "$(qvmi user remove ann)" 'user ann is removed'
check 'and verifies' "$(verify)" '!(*code*)*8*'
stop

# --- what cannot be done unseen ---

cp small/audit.sqlite good
# tampered WHAT SQL TEXT: verify says TEXT, and nothing after it is mended.
tampered() {
	cp good small/audit.sqlite
	sql "$2"
	start
	check "$1 is seen" "$(verify)" "*does not verify*$3*code 8"
	kill -9 "$pid" # no head of what is wrong
	wait "$pid" 2>/dev/null || true
	pid=''
	rm -f small/audit.sqlite-wal small/audit.sqlite-shm
}
tampered 'an altered record' "UPDATE records SET text = replace(text, 'bob', 'eve') WHERE seq = 3" 'record 3 is not what was written'
tampered 'a removed record' 'DELETE FROM records WHERE seq = 3' 'records 3 to 3 are missing'
tampered 'a record that was put in' "UPDATE records SET seq = seq + 1 WHERE seq = 8; INSERT INTO records SELECT 8, time, who, action, target, outcome, replace(text, '\"seq\":3', '\"seq\":8'), hash FROM records WHERE seq = 3" 'record 8 is not what was written'
tampered 'a removed end' 'DELETE FROM records WHERE seq > 5' 'records 6 to 8 are missing at the end'
tampered 'a removed log' 'DELETE FROM records' 'records 1 to 8 are missing at the end'
# Who can write the records can link them anew, but not sign.
relinked=0000000000000000000000000000000000000000000000000000000000000000 statements=''
while IFS= read -r text; do
	relinked=$(printf '%s\n%s' "$relinked" "${text//ann/eve}" | sha256sum | cut -d ' ' -f 1)
	statements+="UPDATE records SET text = '${text//ann/eve}', hash = '$relinked' WHERE text = '$text';"
done < <(sqlite3 good 'SELECT text FROM records ORDER BY seq')
tampered 'a log that was linked anew' "$statements" 'record 6 is not the one that a signed head vouches for'
cp good small/audit.sqlite
cp audit-heads heads.good
sed -i '$s/.....$/AAAAA/' audit-heads
start
check 'nor is a forged head believed' "$(verify)" '*last head*not signed*code 8'
cp heads.good audit-heads
check 'the right ones are' "$(verify)" '!(*code*)*8*'

# --- while it cannot be written ---

if [ -n "${AUDIT_INSIDE:-}" ]; then
	dd if=/dev/zero of=small/filler bs=4k 2>/dev/null || true
	# What there is of room inside of its files is used up first.
	refused='' n=0
	until [[ $refused == *code* ]] || [ $((n++)) = 200 ]; do refused=$(add_user "user$n"); done
	check 'on a full disk an administrator is refused' "$refused" '*nothing was done*audit log cannot be written*code 6'
	check 'and nothing was done' "$(qvmi user list --format json | jq "[.users[] | select(.name == \"user$n\")] | length")" 0
	check 'people sign in' "$(curl -sS -o /dev/null -w '%{http_code}' --unix-socket brokerd.sock -H 'Content-Type: application/json' \
		-d "$(jq -nc --rawfile p password '{user: "user1", password: ($p | rtrimstr("\n"))}')" http://b/v1/login)" '@(200|401)'
	rm small/filler
	check_soon 'with room again it goes on' "user user$n is added" add_user "user$n"
	check 'and verifies' "$(verify)" '!(*code*)'
	check 'with the sign-in' "$(qvmi audit log --action 'POST /v1/login' --format json | jq '.records | length')" 1
fi
stop
check 'no sanitizer has complained' "$(grep -E 'Sanitizer|runtime error:' log || true)" ''
[ "$failed" = 0 ]
