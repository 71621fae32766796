#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What an administrator does with a user's phone by qvmi vm and qvmi snapshot, through poold to the host.
# shellcheck source=/dev/null disable=SC2154
. "$(dirname "$0")/up_lib.sh"
start --manifest "$tiny/manifest.json"
ready 2
phone=$(cli vm create --template tiny)
state() { cli vm show "$phone" --format json | jq -r .state; }
check 'a phone by hand' "$(state)" running
until [ "$(cli vm show "$phone" --format json | jq -r .agent.ready)" = true ]; do sleep 0.2; done
shown=$(cli vm show "$phone")
check 'what it uses' "$shown" '*processor % *private MB *[0-9]*shared MB *[0-9]*'
host=$(cli host list --format json | jq -r '.hosts[0].id')
check 'the host, and what each phone has of its memory' "$(cli host show "$host")" "*private MB *[0-9]*PRIVATE MB  SHARED MB*$phone *"
check 'for programs' "$(cli host show "$host" --format json | jq ".performance.phones.each | map(select(.uuid == \"$phone\" and .private_mb > 1 and .shared_mb > 1)) | length")" 1
check 'a snapshot' "$(cli snapshot take "$phone" first)" '*snapshot first'
check 'is listed' "$(cli snapshot list "$phone" --format json | jq -r '.snapshots[0].name')" first
check 'suspended' "$(cli vm suspend "$phone")" '*is suspended'
check_soon 'which poold knows soon' suspended state
check 'resumed' "$(cli vm start "$phone")" '*is started'
check_soon 'and runs' running state
cli vm suspend "$phone" >/dev/null
truncate -s 1000 "$work/state/host/$phone/suspended"
check 'a damaged one is not resumed' "$(cli vm start "$phone" 2>&1 || true)" '*suspended*'
# poold may not know yet that the start before has failed.
check_soon 'but started afresh, when asked for' '*is started' cli vm start "$phone" --discard
check_soon 'and runs again' running state
check 'the snapshot is restored' "$(cli snapshot restore "$phone" first)" '*is as it was at first'
check 'and deleted' "$(cli snapshot delete "$phone" first)" '*is without its snapshot first'
check 'one that is not there' "$(cli snapshot restore "$phone" first 2>&1 || true)" '*no snapshot*'
check 'a change that says nothing' "$(cli vm set "$phone" 2>&1 || true)" '*say what to change*'
check 'more memory for a phone without a disk is refused, by its host' "$(cli vm set "$phone" --memory 1024 2>&1 || true)" '*no disk*'
check 'reset' "$(cli vm reset "$phone")" '*is as its template'
check 'wiped' "$(cli vm wipe "$phone")" '*is wiped and off'
spare=$(cli vm list --format json | jq -r 'first(.phones[] | select(.use == "ready")).uuid')
check 'a spare clone is nobody'\''s to suspend' "$(cli vm suspend "$spare" 2>&1 || true)" '*stands by*'
cli vm destroy "$phone" >/dev/null
end INT
gone 'afterwards'
finish
