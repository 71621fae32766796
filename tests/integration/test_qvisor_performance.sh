#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The performance agent: what the API and Prometheus are told of a host and of phones that run, and that it ends with them.
# shellcheck source=tests/integration/qvisor_lib.sh
source "$(dirname "$0")/qvisor_lib.sh"
start_qvisord
build_template "$tiny/manifest.json"
uuids=()
for i in 1 2; do
	api POST /v1/phones "{\"template\":\"tiny\",\"name\":\"phone-$i\"}"
	check "clone $i" "$code" 201
	uuids+=("$(field .uuid)")
done
first=${uuids[0]}
wait_for 60 "/v1/phones/$first/performance?since=0" '.samples | length >= 3'

check 'samples are of seconds' "$(field '.step_s == 1 and ([.samples[].time_s] | . == sort) and .samples[-1].time_s <= .now_s')" true
check 'with what is private and what is shared' "$(field '.samples[-1] | .private_mb > 1 and .shared_mb > 1 and .cpu_percent >= 0')" true
since=$(field '.samples[-1].time_s')
wait_for 60 "/v1/phones/$first/performance?since=$since" '.samples | length >= 1'
check 'since is the time before the first' "$(field ".samples[0].time_s > $since")" true
wait_for 60 '/v1/host/performance?since=0' '.samples | length >= 3'
check "the host's" "$(field '.samples[-1] | .memory_used_mb > 1 and .memory_available_mb > 1 and .network_sent_bytes_s >= 0')" true

# Asked when it knows who it is, so it may not have said anything yet.
wait_for 60 "/v1/phones/$first/performance" '.guest.age_s >= 0'
check 'what the phone says of itself' "$(field '.guest | .memory_mb > 20 and .memory_available_mb < .memory_mb and .load1 >= 0 and .uptime_s >= 0 and .received_bytes >= 0')" true
wait_for 60 "/v1/phones/$first/performance?since=0" '.samples[-1].guest_memory_mb > 1'
check 'also in the samples' "$(field '.samples[-1] | .guest_load1 >= 0 and .network_received_bytes_s >= 0')" true
api GET "/v1/phones/$first/performance"
check 'what QEMU has translated' "$(field '.translation | .code_mb > 0.1 and .code_mb <= .room_mb and .blocks > 100 and .flushes >= 0')" true
check 'what the page tables know' "$(field '.private_mb > 1 and .shared_mb > 1 and .pss_mb <= .rss_mb and .private_mb <= .pss_mb and .uptime_s > 0')" true
api GET "/v1/phones/$first/performance"
check 'the second question is told the working set' "$(field '.working_set_mb >= 0 and .working_set_mb <= .rss_mb and .working_set_s >= 0')" true
api GET /v1/host/performance
check 'of the host, with each phone' "$(field '.phones | .running == 2 and ([.each[].name] | sort) == ["phone-1", "phone-2"] and ([.each[].private_mb] | add) <= .private_mb + 0.2')" true
check 'and the machine' "$(field '.memory_mib > 1 and .disk_free_mib > 1 and .load1 >= 0 and .cpu_percent >= 0')" true

for wrong in -1 1.5 x 4294967296 ''; do
	api GET "/v1/phones/$first/performance?since=$wrong"
	check "since=$wrong is refused" "$code $(field .detail)" '400 since is *seconds since 1970*'
done

# Prometheus' exposition format 0.0.4, and the rules of its naming: each family once, HELP and TYPE before its samples, which are
# together; no series twice; counters end in _total, and nothing else does.
api GET /metrics
awk '
	function fail(why) { print "line " NR ": " why ": " $0; bad = 1 }
	/^# HELP / { if (NF < 4) fail("no help"); if (seen[$3]++) fail("family twice"); helped = $3; next }
	/^# TYPE / {
		if ($3 != helped) fail("TYPE of another family"); family = $3; kind = $4
		if (kind !~ /^(counter|gauge|histogram)$/) fail("type")
		if (family !~ /^[a-z][a-z0-9_]*$/) fail("name")
		if ((kind == "counter") != (family ~ /_total$/)) fail("_total is for counters")
		if (family ~ /_(ms|us|kib|mib|kb|mb|percent)(_|$)/) fail("no base unit")
		next
	}
	/^#/ || /^$/ { fail("what is this"); next }
	{
		if ($0 !~ /^[a-z][a-z0-9_]*(\{[a-z_]+="([^"\\]|\\["\\n])*"(,[a-z_]+="([^"\\]|\\["\\n])*")*\})? (-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?|NaN|[-+]Inf)$/) fail("no sample")
		series = $0; sub(/ [^ ]*$/, "", series); if (had[series]++) fail("series twice")
		name = series; sub(/\{.*/, "", name)
		if (kind == "histogram") sub(/_(bucket|sum|count)$/, "", name)
		if (name != family) fail("not in its family")
	}
	END { if (NR < 20) fail("too little"); exit bad }' < <(printf %s "$body") >"$work/metrics" || true
check 'metrics are as Prometheus wants them' "$(cat "$work/metrics")" ''
value() { awk -v series="$1" '$1 == series { printf "%.0f", $2 }' <<<"$body"; }
check 'and how many phones there are of each state' "$(value 'qvmi_phones{state="running"}') $(value 'qvmi_phones{state="off"}')" '2 0'
check 'the host is in them' "$(($(value qvmi_host_memory_available_bytes) > 1000000))" 1
for uuid in "${uuids[@]}"; do
	check "phone $uuid is" "$(($(value "qvmi_phone_memory_private_bytes{phone=\"$uuid\"}") > 1000000))" 1
	check 'and what it says' "$(($(value "qvmi_phone_guest_memory_used_bytes{phone=\"$uuid\"}") >= 0))" 1
done

# What is off uses nothing; what is gone is forgotten.
api POST "/v1/phones/$first/stop" '{"force":true}'
api GET "/v1/phones/$first/performance"
check 'one that is off has no figures' "$code" 409
for _ in $(seq 200); do
	api GET /metrics
	[[ $body == *"$first"* ]] || break
	sleep 0.1
done
check 'nor is it in the metrics any more' "$(grep -c "$first" <<<"$body")" 0
check 'the other one is' "$(($(grep -c "${uuids[1]}" <<<"$body") > 3))" 1
for uuid in "${uuids[@]}"; do api DELETE "/v1/phones/$uuid"; done
end_qvisord TERM
finish
