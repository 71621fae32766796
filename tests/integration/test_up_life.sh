#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# From nothing to a picture, what else may run beside it, and a Ctrl-C that leaves nothing.
# shellcheck source=/dev/null disable=SC2154
. "$(dirname "$0")/up_lib.sh"

start --manifest "$tiny/manifest.json" --volumes
check 'is up' "$code" ''
check 'tells the address' "$(grep -c "https://127.0.0.1:$((ports + 3))" "$work/up.out")" '[1-9]*'
check 'up.json is private' "$(stat -c %a "$XDG_RUNTIME_DIR"/qvmi-*/up.json)" 600
check 'passwords are private' "$(stat -c %a "$work/state/demo.password")" 600
check 'no password on a command line' "$(cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' '\n' | grep -c -F -f "$work/state/demo.password" || true)" 0
ready 2 && check 'two clones are ready' 2 2
check 'status' "$(cli status)" '*host-1*reachable*phone*tiny*'

picture "$work/a.png"
check 'the client shows a picture' "$(head -c 4 "$work/a.png" | tail -c 3)" PNG
phone=$(cli vm list --user demo --format json | jq -r '.phones[].uuid')
check 'the phone is leased' "$(cli vm show "$phone" --format json | jq -r .use)" leased
check 'with a volume of its user' "$(cli volume list --user demo --format json | jq -r '.volumes[].phone')" "$phone"
picture "$work/b.png"
check 'signing in again leads to the same phone' "$(cli vm list --user demo --format json | jq -r '.phones[].uuid')" "$phone"

# Another one on the same state, and one of its own on the same ports.
"$qvmi" up --state "$work/state" --ports $((ports + 5000)) >"$work/second.out" 2>&1 && second=0 || second=$?
check 'a second up on the state is refused' "$second" 7
check 'and names the first' "$(cat "$work/second.out")" "*runs already*pid $up*"
"$qvmi" up --state "$work/other" --cache "$work/cache" --ports "$ports" >"$work/second.out" 2>&1 && second=0 || second=$?
check 'a port taken is refused' "$second" 7
check 'and names port and option' "$(cat "$work/second.out")" "*port $((ports + 3))*taken*--ports*"
check 'the first still runs' "$(cli vm show "$phone" --format json | jq -r .state)" running

end INT
check 'Ctrl-C ends it well' "$code" 0
gone 'after Ctrl-C'
check 'no run folder is left' "$(ls "$XDG_RUNTIME_DIR")" ''
check 'the leased phone is kept' "$(ls "$work/state/host")" "$phone"

cached=$(ls "$work/cache")
# It is up, with the template of before, and the user's phone is the same.
start --manifest "$tiny/manifest.json"
check 'with the template that was there' "$(ls "$work/cache")" "$cached"
picture "$work/c.png"
check 'the phone survives a restart' "$(cli vm list --user demo --format json | jq -r '.phones[].uuid')" "$phone"
end TERM
check 'SIGTERM ends it well' "$code" 0
gone 'after SIGTERM'

# --fresh: what volatile pools had ends.
start --fresh
picture "$work/d.png"
end INT
gone 'after a fresh run'
check 'nothing of a volatile pool is kept' "$(find "$work/state/host" -mindepth 1 -maxdepth 1 ! -name "$phone")" ''
finish
