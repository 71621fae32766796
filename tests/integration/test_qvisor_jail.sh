#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# qvisord as an ordinary user, its phones in jails by qvisor-launch: what the kernel says of them, their life, and what a
# qvisord that was taken over is refused.
# shellcheck source=tests/integration/jail_lib.sh
source "$(dirname "$0")/jail_lib.sh"
truncate -s 16M "$work/disk.raw"
start_qvisord
# The process of a template's first boot.
booting() { pgrep -u "$(our_users)" -f 'uuid 00000000-0000-0000-0000-000000000000'; }
api POST /v1/templates "{\"manifest\":\"$(tiny_manifest with-disk ".image.disk = \"$work/disk.raw\"")\"}"
eventually booting
boot=$(booting)
check "a template's first boot is under a user id of its own" "$(status "$boot" Uid) $(status "$boot" CapEff)" "$first 0000000000000000"
check '  sees nothing but what it needs' "$(ls "/proc/$boot/root" | xargs)" "dev lib lib64 tmp usr"
check '  and writes its memory and disk' "$(ls "/proc/$boot/root$templates"/*.part | xargs)" 'disk.qcow2 memory'
operation 120
check 'a template' "$(field .state) $(field '.detail // ""')" 'succeeded '
check '  which is nobody else'\''s afterwards' "$(stat -c '%U %a' "$templates"/tiny-*/{memory,disk.qcow2,state} | sort -u)" 'nobody 444'
api GET /v1/host
check 'the host says that there is a jail' "$(field .jail.launcher)" true
# Of a control group's limits, whichever this machine has no controller for.
[ -n "$cgroup" ] && missing=$(sed -n 's/.*no limit of: \(.*\) (.*/limits of \1/p' "$work/launch.log" | tail -n 1) ||
	missing='limits of memory, processors, processes, input and output'
check 'and what is missing of it' "$(field '.jail.without | join(";")')" "$missing"

# --- what it is in ---
uuids=() pids=()
for _ in 1 2; do
	api POST /v1/phones '{"template":"tiny"}'
	check 'a phone' "$code $(field '.detail // ""')" '201 '
	[ "$code" = 201 ] || exit 1
	uuids+=("$(field .uuid)") pids+=("$(field .pid)")
	echo "     clone_ms=$(field .clone_ms)"
done
for i in 0 1; do
	qemu=${pids[i]}
	check 'its user is its own' "$(status "$qemu" Uid)" $((first + i))
	check 'it has no capability' "$(status "$qemu" CapEff) $(status "$qemu" CapPrm) $(status "$qemu" CapBnd | tr -d f)" '0000000000000000 0000000000000000 *'
	check 'and no way to one' "$(status "$qemu" NoNewPrivs)" 1
	check 'its system calls are filtered' "$(status "$qemu" Seccomp)" 2
	for space in mnt pid net ipc uts; do
		check "its $space namespace is its own" "$([ "$(readlink "/proc/$qemu/ns/$space")" != "$(readlink "/proc/$$/ns/$space")" ] && echo own)" own
	done
	check 'it is the first process of its namespace' "$(awk '$1 == "NSpid:" { print NF, $NF }' "/proc/$qemu/status")" '3 1'
	check 'it sees nothing but what it needs' "$(ls "/proc/$qemu/root" | xargs)" "dev lib lib64 tmp usr"
	check 'no other phone' "$(ls "/proc/$qemu/root$state" | xargs)" "${uuids[i]}"
	check 'of its own only the disk' "$(ls "/proc/$qemu/root$state/${uuids[i]}" | xargs)" overlay.qcow2
	check 'the template cannot be written' "$(grep "$templates.*/memory" "/proc/$qemu/mountinfo")" '* ro,*'
	[ -z "$cgroup" ] || check 'its control group is its own' "$(cat "$cgroup/${uuids[i]}/cgroup.procs")" "$qemu"
done
check 'two phones, two networks' "$([ "$(readlink "/proc/${pids[0]}/ns/net")" != "$(readlink "/proc/${pids[1]}/ns/net")" ] && echo two)" two

# --- it lives as phones do ---
wait_for 20 "/v1/phones/${uuids[0]}" '.agent.ready and .agent.identity'
check 'its agent answers' "$(field .agent.ready)" true
check 'its screen is handed out' "$(as_user "$QVMI_BIN/qvmi-display-probe" "$work/display.sock" "${uuids[0]}" 2>&1)" '360 720 *'
end_qvisord KILL
start_qvisord
api GET "/v1/phones/${uuids[0]}"
check 'it is adopted' "$(field '.state + " " + (.pid | tostring)')" "running ${pids[0]}"
wait_for 20 "/v1/phones/${uuids[0]}" .agent.ready
is_saved "${uuids[0]}"
wait_for 20 "/v1/phones/${uuids[0]}" .agent.ready
api POST "/v1/phones/${uuids[0]}/stop" '{"timeout_s":20}'
check 'it is stopped' "$code $(field .state)" '200 off'
api POST "/v1/phones/${uuids[0]}/start"
check 'it boots from its own disk' "$code $(field '.state // .detail')" '200 running'
is_killed "${uuids[0]}"

# --- a qvisord that was taken over ---
probe() { as_user "$QVMI_BIN/qvmi-launch-probe" "$launch" "$@"; }
nobody=11111111-0000-4000-8000-000000000001
echo secret >"$work/secret"
chmod 600 "$work/secret"
mkdir -m 700 "$work/private"
echo secret >"$work/private/readable"
check 'cannot show QEMU a file of root' "$(probe start "$nobody" "$work/secret" -- -version)" '*Permission denied*'
check 'nor one in a folder of root' "$(probe start "$nobody" "$work/private/readable" -- -version)" '*Permission denied*'
check 'nor a device' "$(probe start "$nobody" /dev/zero -- -version)" '*Permission denied*'
check 'nor by way of a link' "$(ln -s /etc/passwd "$work/link"; probe start "$nobody" "$work/link" -- -version)" '*symbolic links*'
check 'nor by a path with ..' "$(probe start "$nobody" /usr/../etc/passwd -- -version)" '*refused*plain*'
check 'cannot leave out the sandbox' "$(probe start "$nobody" -- --sandbox off)" '*refused*'
check 'nor take another user' "$(probe start "$nobody" -- -runas root)" '*refused*'
check 'nor another folder' "$(probe start ../../etc/cron.d/xxxxxxxxxxxxxxxxxxxxx -- -version)" '*refused*uuid*'
as_user mkdir "$state/$nobody"
ln "$work/secret" "$state/$nobody/overlay.qcow2"
check 'is given no disk that is somebody else'\''s' "$(probe start "$nobody" -- -version)" '*overlay.qcow2: Permission denied*'
check '  which stays his' "$(stat -c '%u %a' "$work/secret")" '0 600'
rm -r "${state:?}/$nobody"
sleep 100 &
victim=$!
check 'cannot kill what is no phone' "$(probe kill "$victim")" '*refused*'
kill "$victim"
wait "$victim" 2>/dev/null || true
check 'nobody else is heard' "$(setpriv --reuid=12345 --clear-groups "$QVMI_BIN/qvmi-launch-probe" "$launch" kill 1)" '*Permission denied*'
check 'nor root' "$("$QVMI_BIN/qvmi-launch-probe" "$launch" kill 1)" 'qvisor-launch *'

check 'cannot take an identity that its maker has not' "$(probe pair "${pids[1]}")" "ok made by uid $(id -u nobody)"
check 'nor one in a process that is no phone' "$(probe pair $$)" '*refused*'

# --- a QEMU that was taken over ---
# In place of QEMU, in a /usr of this launcher's own: what a jail shows of /usr can be run.
if [ -z "${SANITIZED:-}" ] && mkdir "$work/extra" && cp "$QVMI_BIN/qvmi-jail-probe" "$work/extra" &&
	unshare --mount mount -t overlay overlay -o "lowerdir=$work/extra:/usr" /usr 2>/dev/null; then
	api GET "/v1/phones/${uuids[1]}"
	other=$(field .pid)
	as_user mkdir "$state/$nobody"
	segment=$(ipcmk -M 4096 -p 0666 | awk '{ print $NF }')
	key=$(awk -v id="$segment" '$2 == id { print $1 }' /proc/sysvipc/shm)
	unshare --mount sh -c "mount -t overlay overlay -o 'lowerdir=$work/extra:/usr' /usr && exec '$QVMI_BIN/qvisor-launch' --socket \
		'$work/hostile.sock' --user nobody --state-folder '$state' --template-folder '$templates' --first-uid $first --uid-count 3 --qemu /usr/qvmi-jail-probe" \
		2>>"$work/launch.log" &
	hostile=$!
	eventually test -S "$work/hostile.sock"
	echo readable >"$work/shown"
	chmod 644 "$work/shown"
	as_user "$QVMI_BIN/qvmi-launch-probe" "$work/hostile.sock" run "$nobody" "$work/shown" -- "$other" "$state/${uuids[1]}" "$state" \
		"$work/qvisord.sock" "$work/shown" "$key" >"$work/attempts" 2>&1
	kill "$hostile"
	wait "$hostile" 2>/dev/null || true
	ipcrm -m "$segment"
	check 'it is refused everything' "$(grep -v ': refused' "$work/attempts")" end
	check '  of many attempts' "$(grep -c ': refused' "$work/attempts")" '[5-9]?'
	sed 's/^/     /' "$work/attempts"
	check 'what it may read is as it was' "$(cat "$work/shown")" readable
	rm -r "${state:?}/$nobody"
elif [ -z "${SANITIZED:-}" ]; then
	echo 'SKIP no overlay file system: nothing can be put in the place of QEMU'
fi

# --- a phone of another architecture is in the same ---
arm=$("$here/../guest/build" --architecture arm64 | tail -n 1)
cp -r "$arm" "$work/arm"
chmod -R a+rX "$work/arm"
build_template "$work/arm/manifest.json"
check 'a template for ARM64' "$(field .state)" succeeded
api POST /v1/phones '{"template":"tiny-arm64"}'
check 'an ARM64 phone' "$code $(field '.detail // ""')" '201 '
check 'under a user id of its own' "$(status "$(field .pid)" Uid)" "@($first|$((first + 1))|$((first + 2)))"
check 'by the QEMU of its architecture' "$(tr '\0' ' ' <"/proc/$(field .pid)/cmdline")" '/usr/bin/qemu-system-aarch64 *'
api DELETE "/v1/phones/$(field .uuid)"

# --- a first boot that nobody waits for any more ---
api POST /v1/templates "{\"manifest\":\"$work/with-disk.json\",\"force\":true}"
eventually booting
end_qvisord KILL
start_qvisord
check_soon 'it is ended by the next daemon' '' booting
check 'and its folder is gone' "$(find "$templates" -name '*.part')" ''
api GET "/v1/phones/${uuids[1]}"
check 'phones are not' "$(field '"\(.state) \(.pid)"')" "running ${pids[1]}"

# --- children that wait are in one, too ---
end_qvisord TERM
prespawn=1
start_qvisord
uuid=$(api POST /v1/phones '{"template":"tiny"}'; field .uuid)
api DELETE "/v1/phones/$uuid"
wait_for 60 /v1/host '.spares.ready == 1'
spare=$(field '.spares.children[0].pid')
check 'a child waits under a user id of its own' "$(status "$spare" Uid)" "@($first|$((first + 1))|$((first + 2)))"
api POST /v1/phones '{"template":"tiny","name":"waited"}'
check 'it becomes a phone' "$code $(field '"\(.name) \(.pid)"')" "201 waited $spare"
uuid=$(field .uuid)
wait_for 20 "/v1/phones/$uuid" '.agent.ready and .agent.identity'
api POST "/v1/phones/$uuid/suspend"
api POST "/v1/phones/$uuid/start"
check 'which lives as others do' "$code $(field .state)" '200 running'
api DELETE "/v1/phones/$uuid"
wait_for 60 /v1/host '.spares.ready == 1'
spare=$(field '.spares.children[0].pid')
end_qvisord TERM
check_soon 'it ends with the daemon' '' readlink "/proc/$spare/exe"
prespawn=0
start_qvisord

# --- without it ---
kill "$launcher"
wait "$launcher" 2>/dev/null || true
api GET "/v1/phones/${uuids[1]}"
check 'phones outlive the launcher' "$(field .state)" running
api POST /v1/phones '{"template":"tiny"}'
check 'no phone is started without it, and why is said' "$code $(field .detail)" '503 *qvisor-launch*host.launcher*'
start_launcher
api POST /v1/phones '{"template":"tiny"}'
check 'with it again they are' "$code" 201
api GET /v1/phones
for uuid in $(field '.phones[].uuid'); do api DELETE "/v1/phones/$uuid"; done
api POST /v1/phones '{"template":"tiny"}'
check 'user ids are used again' "$(status "$(field .pid)" Uid)" "$first"
api DELETE "/v1/phones/$(field .uuid)"
# A group can be removed once the kernel has taken leave of its last process; each request looks.
groups_left() {
	probe kill $$ >/dev/null || true
	find "$cgroup" -mindepth 1 -type d
}
processes_left() { ps -o pid=,stat=,args= -u "$(our_users)" | awk '$2 !~ /^Z/'; }
[ -z "$cgroup" ] || check_soon 'no control group is left' '' groups_left
check_soon 'no process of a phone is left' '' processes_left
end_qvisord TERM
finish
