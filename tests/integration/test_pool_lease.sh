#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# poold with a real qvisord, real QEMU and the tiny guest: ready clones appear, a lease, the same lease again, both daemons
# killed with -9 in between, the end of a lease, errors. What must hold is compared from outside: records against processes.
set -euo pipefail

root=$(dirname "$(dirname "$(dirname "$(realpath "$0")")")")
bin=${QVMI_BIN:-$root/build/gcc/bin}
work=$(mktemp -d)
declare -A pids=()
# shellcheck source=tests/lib/check.sh
. "$root/tests/lib/check.sh"

cleanup() {
	local pid
	[ ${#pids[@]} = 0 ] || kill -9 "${pids[@]}" 2>/dev/null || true
	for pid in $(jq -r '.pid // empty' "$work"/phones/*/phone.json 2>/dev/null); do
		# A recorded pid may be somebody else's by now: the command line says whose it is.
		! grep -qsF "$work" "/proc/$pid/cmdline" || kill -9 "$pid" 2>/dev/null || true
	done
	[ "$failed" = 0 ] || tail -n 40 "$work"/*.log || true
	rm -rf "$work"
}
trap cleanup EXIT

ok() { echo "ok    $*"; }
fail() { echo "FAIL  $*"; failed=1; exit 1; }
host_api() { curl -sS --max-time 60 --unix-socket "$work/qvisord.sock" "http://host$1" "${@:2}"; }
pool_api() { curl -sS --max-time 60 --unix-socket "$work/poold.sock" "http://pool$1" "${@:2}"; }
pool_status() { curl -sS --max-time 60 -o /dev/null -w '%{http_code}' --unix-socket "$work/poold.sock" "http://pool$1" "${@:2}"; }

# becomes WHAT COMMAND...: until the command succeeds.
becomes() { if eventually "${@:2}"; then ok "$1"; else fail "$1"; fi; }

start() {
	local ready="$1"_ready
	"$bin/$1" --config "$work/$1.conf" 2>>"$work/$1.log" &
	pids[$1]=$!
	eventually "$ready" || fail "$1 does not start"
}
qvisord_ready() { host_api /readyz -f >/dev/null 2>&1; }
poold_ready() { pool_api /readyz -f >/dev/null 2>&1; }
kill_9() {
	kill -9 "${pids[$1]}"
	wait "${pids[$1]}" 2>/dev/null || true
	unset "pids[$1]"
}

for tool in "$bin/qvisord" "$bin/poold" "$bin/qvmi-rule"; do
	[ -x "$tool" ] || fail "there is no $tool; run make"
done
guest=$("$root/tests/guest/build" | tail -n 1)

mkdir -m 700 "$work/phones" "$work/run" "$work/templates"
mkdir "$work/rules"
cp "$root"/rules/scripts/*.lua "$work/rules/"
echo 'function allocate() while true do pcall(error) end end' >"$work/rules/endless.lua"
echo 'function allocate(input) return {phone = "somebody-elses"} end' >"$work/rules/thief.lua"
cat >"$work/qvisord.conf" <<-END
	[host]
	id=host-1
	state-folder=$work/phones
	run-folder=$work/run
	template-folder=$work/templates
	accelerator=tcg
	[listen]
	unix=$work/qvisord.sock
	display=$work/display.sock
END
cat >"$work/poold.conf" <<-END
	[database]
	path=$work/pool.db
	[listen]
	unix=$work/poold.sock
	[rules]
	folder=$work/rules
	[pool]
	interval-ms=200
END
start qvisord
start poold

# --- a host, a template, a pool ---
host_json="{\"id\":\"host-1\",\"url\":\"unix:$work/qvisord.sock\",\"mtp\":{\"address\":\"\",\"port\":8444,\"websocket_port\":8445}}"
[ "$(pool_status /v1/hosts -d "$host_json")" = 201 ] && ok 'the host is recorded' || fail 'the host is not recorded'
host_reachable() { [ "$(pool_api /v1/hosts/host-1 | jq -r .state)" = reachable ]; }
becomes 'the host answers' host_reachable

operation=$(pool_api /v1/templates -d "{\"manifest\":\"$guest/manifest.json\"}" | jq -r .id)
[[ $operation == host-1:* ]] && ok 'the template build is forwarded' || fail "operation '$operation'"
template_built() { [ "$(pool_api "/v1/operations/$operation?wait_ms=1000" | jq -r .state)" = succeeded ]; }
becomes 'the template is built' template_built
template=$(pool_api /v1/templates | jq -r '.templates[0].name')

pool_api /v1/pools -d "{\"name\":\"p\",\"template\":\"$template\",\"ready\":2,\"max\":4,\"volatile\":true}" >/dev/null
ready() { [ "$(pool_api /v1/pools/p | jq -r .ready_now)" = "$1" ]; }
becomes 'two ready clones appear' ready 2

# --- a lease, and the same lease again ---
lease() { pool_api /v1/leases -H "Idempotency-Key: $1" -d "{\"user\":\"$2\",\"pool\":\"p\"}"; }
first=$(lease key-1 ann)
id=$(jq -r .id <<<"$first") phone=$(jq -r .phone.uuid <<<"$first")
[ "$(jq -r '[.fresh, .phone.state, .host.id, .host.mtp.port] | join(" ")' <<<"$first")" = 'true running host-1 8444' ] &&
	ok 'a ready clone is leased' || fail "lease: $first"
again=$(lease key-1 ann)
[ "$(jq -r '[.id, .phone.uuid, .fresh] | join(" ")' <<<"$again")" = "$id $phone false" ] &&
	ok 'the same key gets the same lease' || fail "lease: $again"
again=$(lease key-2 ann)
[ "$(jq -r .id <<<"$again")" = "$id" ] && ok 'so does the same user with another key' || fail "lease: $again"
other=$(lease key-3 bob)
[ "$(jq -r .phone.uuid <<<"$other")" != "$phone" ] && ok 'another user gets another phone' || fail "lease: $other"
[ "$(lease key-1 bob | jq -r .status)" = 400 ] && ok 'a key with another request is refused' || fail 'a key was used twice'
becomes 'the reserve is filled again' ready 2
lease key-4 eve >/dev/null
lease key-5 fay >/dev/null
[ "$(lease key-6 gus | jq -r .status)" = 507 ] && ok 'a full pool says so' || fail 'a fifth phone of four'

# --- killed with -9, both; the phone runs on and is still hers ---
pid=$(jq -r .phone.pid <<<"$first")
kill_9 poold
kill_9 qvisord
kill -0 "$pid" && ok 'the phone outlives both daemons' || fail 'the phone died with its daemons'
start poold
pool_api /v1/phones | jq -e '[.phones[].state] | unique == ["unknown"]' >/dev/null &&
	ok 'phones of a host that is away are unknown' || fail "phones: $(pool_api /v1/phones)"
[ "$(lease key-1 ann | jq -r .status)" = 503 ] && ok 'its lease says that the host is away' || fail 'a lease on a host that is away'
start qvisord
becomes 'the host answers again' host_reachable
again=$(lease key-1 ann)
[ "$(jq -r '[.id, .phone.uuid, .phone.pid] | join(" ")' <<<"$again")" = "$id $phone $pid" ] &&
	ok 'the same lease, the same phone, the same process' || fail "lease: $again"

# --- killed in the middle of an allocation: finished or undone, never half ---
pool_api /v1/pools/p -X PATCH -d '{"ready":0,"max":8}' >/dev/null
lease key-7 hal >"$work/cut" 2>/dev/null &
cut=$!
sleep 0.05
kill_9 poold
wait $cut || true
start poold
becomes 'the host is known again' host_reachable
final=$(lease key-7 hal)
[ "$(jq -r .phone.state <<<"$final")" = running ] && ok 'an allocation that was cut off is finished' || fail "lease: $final"
[ "$(pool_api '/v1/leases?user=hal' | jq '.leases | length')" = 1 ] && ok 'and there is one lease of it' || fail 'two leases'

# --- I1, I2 from outside ---
records_match() {
	[ "$(pool_api /v1/phones | jq -r '.phones[] | select(.state == "running") | "\(.uuid) \(.pid)"' | sort)" = \
		"$(host_api /v1/phones | jq -r '.phones[] | select(.state == "running") | "\(.uuid) \(.pid)"' | sort)" ] &&
		[ "$(pool_api '/v1/phones?state=foreign' | jq '.phones | length')" = 0 ]
}
becomes 'records and host agree on what runs' records_match
for p in $(host_api /v1/phones | jq -r '.phones[].pid'); do
	kill -0 "$p" || fail "pid $p does not live"
done
pool_api /v1/leases | jq -e '[.leases[].phone.uuid] | length == (unique | length)' >/dev/null &&
	ok 'no phone has two leases' || fail 'a phone has two leases'

# --- a ready clone dies: replaced; a leased one dies: kept, started at the next sign-in ---
pool_api /v1/pools/p -X PATCH -d '{"ready":1}' >/dev/null
becomes 'one stands ready' ready 1
spare=$(pool_api '/v1/phones?state=ready' | jq -r '.phones[0].uuid')
kill -9 "$(pool_api "/v1/phones/$spare" | jq -r .pid)" "$pid"
replaced() { [ "$(pool_status "/v1/phones/$spare")" = 404 ]; }
becomes 'a ready clone that died is replaced' replaced
becomes 'by another' ready 1
pool_api "/v1/orders?phone=$spare" | jq -e '.orders[0] | .what == "destroy" and .who == "poold" and .done' >/dev/null &&
	ok 'with an order' || fail "orders: $(pool_api "/v1/orders?phone=$spare")"
died() { [ "$(pool_api "/v1/phones/$phone" | jq -r .state)" != running ]; }
becomes 'the leased one is seen to be dead' died
again=$(lease key-1 ann)
[ "$(jq -r '[.id, .phone.uuid, .phone.state] | join(" ")' <<<"$again")" = "$id $phone running" ] &&
	ok 'and is started when its user comes back' || fail "lease: $again"

# --- rules that never end or want what is not theirs: everybody still gets a phone ---
for rule in endless thief; do
	pool_api /v1/pools/p -X PATCH -d "{\"rule\":\"$rule\"}" >/dev/null
	other=$(lease "key-$rule" "user-$rule")
	[ "$(jq -r '.phone.state' <<<"$other")" = running ] && ok "a lease in spite of the rule '$rule'" || fail "lease: $other"
	pool_api /v1/status | jq -e ".rules.state == \"failing\" and (.rules.detail | startswith(\"$rule: \"))" >/dev/null &&
		ok 'and the status says so' || fail "$(pool_api /v1/status)"
	pool_api "/v1/leases/$(jq -r .id <<<"$other")" -X DELETE >/dev/null
done
[ "$(pool_status /v1/pools/p -X PATCH -d '{"rule":"none"}')" = 400 ] && ok 'an unknown rule is refused' || fail 'an unknown rule'
pool_api /v1/pools/p -X PATCH -d '{"rule":"allocate"}' >/dev/null

grep -q '^qvmi_pool_leases_total{result="fresh"} [1-9]' <<<"$(pool_api /metrics)" && ok 'leases are counted' || fail "$(pool_api /metrics)"

# --- the end ---
[ "$(pool_status "/v1/phones/$phone" -X DELETE)" = 409 ] && ok 'a leased phone is not destroyed by the way' || fail 'destroyed'
[ "$(pool_status "/v1/leases/$id?by=admin" -X DELETE)" = 204 ] && ok 'the lease ends' || fail 'the lease does not end'
[ "$(host_api "/v1/phones/$phone" | jq -r .status)" = 404 ] && ok 'its volatile phone is destroyed' || fail 'the phone is still there'
pool_api "/v1/orders?phone=$phone" | jq -e '.orders | length == 1 and (.[0].who | startswith("admin by uid"))' >/dev/null &&
	ok 'by an order that names who' || fail "orders: $(pool_api "/v1/orders?phone=$phone")"

# --- bad input ---
unknown=00000000-0000-4000-8000-000000000000
[ "$(pool_status /v1/phones/$unknown)" = 404 ] && ok 'an unknown phone is 404' || fail 'an unknown phone'
pool_api /v1/phones/$unknown/start -X POST | jq -e '.detail | contains("there is no phone")' >/dev/null &&
	ok 'and says so' || fail "$(pool_api /v1/phones/$unknown/start -X POST)"
[ "$(pool_status /v1/phones/../../etc)" = 404 ] || fail 'a path that climbs'
[ "$(pool_status /v1/phones/NOT-A-UUID)" = 400 ] && ok 'a bad uuid is 400' || fail 'a bad uuid'
[ "$(pool_status /v1/leases -d '{"user":"ann","pool":"none"}')" = 404 ] && ok 'an unknown pool is 404' || fail 'an unknown pool'
[ "$(pool_status /v1/leases -d '{"user":')" = 400 ] && ok 'broken JSON is 400' || fail 'broken JSON'
[ "$(pool_status /v1/hosts/host-1 -X DELETE)" = 409 ] && ok 'a host with phones is not removed' || fail 'removed'

# --- everything away: nothing is left over ---
for id in $(pool_api /v1/leases | jq -r '.leases[].id'); do
	pool_api "/v1/leases/$id" -X DELETE >/dev/null
done
pool_api /v1/pools/p -X DELETE >/dev/null
gone() { [ "$(host_api /v1/phones | jq '.phones | length')" = 0 ] && [ "$(pool_api /v1/phones | jq '.phones | length')" = 0 ]; }
becomes 'no phone is left' gone
orders_open() { pool_api /v1/status | jq .orders_open; }
check_soon 'no order is open' 0 orders_open
[ "$(pool_api /v1/status | jq -r .rules.state)" = ok ] && ok 'the rules have worked' || fail "$(pool_api /v1/status)"
exit "$failed"
