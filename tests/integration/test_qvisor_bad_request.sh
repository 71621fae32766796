#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Requests that are wrong in every way: refused with what to do, nothing made; and one idempotency key from many at once.
# shellcheck source=tests/integration/qvisor_lib.sh
source "$(dirname "$0")/qvisor_lib.sh"
start_qvisord
build_template "$tiny/manifest.json"
refused() { # refused WHAT CODE DETAIL: of the answer; and nothing was made
	check "$1" "$code $(field .detail)" "$2 $3"
	check '  nothing was made' "$(ls -A "$state")" ''
}
long=$(printf 'x%.0s' {1..300})
deep=$(printf '[%.0s' {1..5000})
while IFS='|' read -r what json detail; do
	api POST /v1/phones "$json"
	refused "$what" 400 "$detail"
done <<END
no JSON|{"template":|*JSON*
a list|["tiny"]|*object*
nested too deep|{"template":$deep|*
no template|{}|*template*
a number for a string|{"template":7}|*template*
null for a string|{"template":null}|*template*
a string for a truth|{"template":"tiny","start":"yes"}|*start*
an object for a string|{"template":"tiny","name":{}}|*name*
a name too long|{"template":"tiny","name":"$long"}|*name*
a name with a path|{"template":"tiny","name":"../../etc"}|*name*
a uuid that is none|{"template":"tiny","uuid":"../../../../tmp/x"}|*uuid*
a uuid too long|{"template":"tiny","uuid":"$long"}|*uuid*
an unknown member|{"template":"tiny","memroy_mib":64}|*memroy_mib*
END
head -c 2000000 /dev/zero | tr '\0' ' ' >"$work/large"
code=$(curl -s -m 20 -o /dev/null -w '%{http_code}' --unix-socket "$work/qvisord.sock" -H 'Content-Type: application/json' --data-binary "@$work/large" http://q/v1/phones)
check 'a body of two megabytes' "$code" 413
api POST /v1/phones '{"template":"tiny"}' -H "Idempotency-Key: $long"
refused 'a key too long' 400 '*Idempotency-Key*'
api POST /v1/templates '{"manifest":"/dev/zero"}'
refused 'an endless manifest' '4*' '*'
api DELETE /v1/phones/..%2f..%2fetc
refused 'a path for a uuid' 404 '*'
api POST /v1/phones '{"template":"tiny"}'
one=$(field .uuid)
while IFS='|' read -r what json detail; do
	api POST "/v1/phones/$one/stop" "$json"
	check "stop: $what" "$code $(field .detail)" "400 $detail"
done <<'END'
a negative time|{"timeout_s":-1}|*timeout_s*
an absurd time|{"timeout_s":1e300}|*timeout_s*
a number that is too large|{"timeout_s":99999999999999999999}|*
an unknown member|{"focre":true}|*focre*
END
check 'it runs on' "$(api GET "/v1/phones/$one"; field .state)" running

# --- one key, eight at once ---
for i in 1 2 3 4 5 6 7 8; do
	curl -s -m 60 -o "$work/answer.$i" --unix-socket "$work/qvisord.sock" -H 'Content-Type: application/json' -H 'Idempotency-Key: same' \
		-d '{"template":"tiny"}' http://q/v1/phones &
done
wait $(jobs -p | grep -vx "$pid")
check 'all got the same phone' "$(jq -r .uuid "$work"/answer.* | sort | uniq -c | awk '{ print $1 }')" 8
check 'and there is one more' "$(ls "$state" | wc -l)" 2
check 'the audit holds' "$("$QVMI_BIN/qvmi" audit --config "$work/qvisord.conf" >/dev/null 2>&1; echo $?)" 0
for uuid in $(ls "$state"); do api DELETE "/v1/phones/$uuid"; done
end_qvisord TERM
finish
