#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# docs/data-centre.md, followed: make install, certificates by qvmi, the example configuration, the units' own users and
# commands (there is no systemd to start them here). Control machine and host are one, in namespaces of their own.
set -euo pipefail
bin=${QVMI_BIN:?the folder of the binaries}
cd "$(dirname "$0")/../.."
if [ -z "${INSIDE:-}" ]; then
	tiny=$(tests/guest/build | tail -n 1)
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	mkdir -p "$work"/{upper,inner}/{etc,usr,var}
	if [ "$(id -u)" != 0 ] || ! unshare --mount --net --pid --fork --kill-child sh -c \
		"mount -t tmpfs none '$work/upper' && mkdir $work/upper/u $work/upper/w && mount -t overlay none -o lowerdir=/etc,upperdir=$work/upper/u,workdir=$work/upper/w /etc" 2>/dev/null; then
		echo 'SKIP not root, or no overlay file systems: nothing can be installed without touching this machine'
		exit 0
	fi
	[ -s build/web/client/app.js ] && [ -s build/web/console/app.js ] || make --no-print-directory web >/dev/null
	cp -r "$tiny" "$work/image"
	chmod -R a+rX "$work"
	code=0
	INSIDE=$work unshare --mount --net --pid --fork --kill-child "$0" || code=$?
	exit "$code"
fi

work=$INSIDE
# shellcheck source=tests/lib/check.sh
. tests/lib/check.sh

# --- a machine that is ours alone ---------------------------------------------------------------------------------------------
mount -t proc proc /proc
ip link set lo up
mount -t tmpfs none "$work/upper"
for folder in etc usr var; do
	mkdir -p "$work/upper/$folder" "$work/upper/.$folder"
	mount -t overlay none -o "lowerdir=/$folder,upperdir=$work/upper/$folder,workdir=$work/upper/.$folder" "/$folder"
done
mount -t tmpfs none /run
trap 'kill $(jobs -p) 2>/dev/null; [ "$failed" = 0 ] || tail -n 20 "$work"/*.log' EXIT
trap 'failed=1' ERR

# --- make install -------------------------------------------------------------------------------------------------------------
# The programs of this build; make itself would make others.
programs=$(MAKEFLAGS= make --no-print-directory -pn 2>/dev/null | sed -n 's/^INSTALLED := //p')
# shellcheck disable=SC2086
deploy/install /usr $(printf "$bin/%s " $programs libqvmi-zygote.so) >/dev/null
check 'programs are there' "$(qvmi version) $(command -v qvisord)" '*/usr/bin/qvisord'
echo '# mine' >>/etc/qvmi/poold.conf
# shellcheck disable=SC2086
deploy/install /usr $(printf "$bin/%s " $programs libqvmi-zygote.so) >/dev/null
check 'what was configured stays' "$(tail -n 1 /etc/qvmi/poold.conf)" '# mine'
check 'a prefix that is none' "$(deploy/install usr "$bin/qvmi" 2>&1 || true)" '*PREFIX*'
if command -v systemd-analyze >/dev/null && command -v systemd-sysusers >/dev/null; then
	check 'systemd takes the units' "$(systemd-analyze verify /usr/lib/systemd/system/{qvisor-launch,qvisord,mtpd,poold,brokerd,consoled}.service 2>&1 |
		grep -E 'qvis|mtpd|poold|brokerd|consoled' | grep -v 'Failed to add dependency\|Cannot add dependency\|Unit .*not found' || true)" ''
	systemd-sysusers /usr/lib/sysusers.d/qvmi.conf 2>/dev/null
else
	for user in $(awk '$1 == "u" { print $2 }' /usr/lib/sysusers.d/qvmi.conf); do useradd --system --no-create-home "$user"; done
fi

# --- keys ---------------------------------------------------------------------------------------------------------------------
pki=/etc/qvmi/pki
mkdir -m 711 "$pki"
certificate() { qvmi certificate make "$@" --folder "$pki" >/dev/null; }
qvmi certificate grant-key --folder "$pki" >/dev/null
check 'a second pair of keys is refused' "$(qvmi certificate grant-key --folder "$pki" 2>&1 || true)" '*there already*'
check 'a name that is a path' "$(certificate ../x 2>&1 || true)" '*no name*'
certificate poold 127.0.0.1
certificate broker
certificate terminal 127.0.0.1
certificate qvisord 127.0.0.1
certificate mtpd 127.0.0.1
certificate screens 127.0.0.1
certificate host:host-1
for kind in pem key; do mv "$pki/host:host-1.$kind" "$pki/host.$kind"; done
chown qvmi-pool "$pki/poold.key"
chown qvmi-broker "$pki"/{broker,terminal,grant}.key
chown qvmi-host "$pki"/{qvisord,host}.key
chown qvmi-mtpd "$pki"/{mtpd,screens}.key
sed -i 's/terminal\./screens./' /etc/qvmi/mtpd.conf # two machines would have a terminal.pem each
sed -i 's/CONTROL/127.0.0.1/; s/HOST/127.0.0.1/' /etc/qvmi/*.conf
sed -i 's/^network=internet/network=isolated/; s/^launcher=.*/&\ndisk-reserve-mib=1/' /etc/qvmi/qvisord.conf # there is no internet in here

# --- as systemd would -----------------------------------------------------------------------------------------------------------
setting() { sed -n "s/^$2=//p" "/usr/lib/systemd/system/$1.service"; }
start() { # start UNIT
	local user folder command
	user=$(setting "$1" User)
	for folder in $(setting "$1" RuntimeDirectory); do install -d -m 755 -o "${user:-root}" "/run/$folder"; done
	for folder in $(setting "$1" StateDirectory); do install -d -m 700 -o "${user:-root}" "/var/lib/$folder"; done
	command=$(setting "$1" ExecStart)
	if [ "$1" = qvisor-launch ]; then
		command=$(sed -n "s/.*exec \(.*\) --cgroup.*/\1/p" <<<"$command") # its control group is systemd's to give
	fi
	# shellcheck disable=SC2086
	setpriv ${user:+--reuid="$user" --regid="$user" --clear-groups} $command >"$work/$1.log" 2>&1 &
}
for unit in poold brokerd consoled qvisor-launch qvisord mtpd; do start "$unit"; done
admin() { qvmi --server "unix:$1" "${@:2}"; }
pool() { admin /run/qvmi-pool/poold.sock "$@"; }
api() { curl -sS --max-time 60 --unix-socket /run/qvmi-pool/poold.sock "http://pool$1" "${@:2}"; }
state() { api /v1/hosts/host-1 | jq -r .state; }
check_soon 'the host has registered and is reached' reachable state
check 'its phones are in a jail' "$(api /v1/hosts/host-1 | jq -c '.info.jail.launcher')" true
check '  which has no control group here, and says so' "$(api /v1/hosts/host-1 | jq -r '.info.jail.without[]')" \
	'limits of memory, processors, processes, input and output'
broker() { curl -sS --max-time 20 --cacert "$pki/ca.pem" "https://127.0.0.1:8443$1" -o /dev/null -w '%{http_code}'; }
check_soon 'the broker serves its page' 200 broker /
console() { curl -sS --max-time 20 --cacert "$pki/ca.pem" "https://127.0.0.1:8446$1" -o /dev/null -w '%{http_code}'; }
check_soon 'and the console' 200 console /

operation=$(api /v1/templates -d "{\"manifest\":\"$work/image/manifest.json\"}" | jq -r .id)
built() { api "/v1/operations/$operation" | jq -r '.state + " " + (.error.detail // "")'; }
check_soon 'a template' 'succeeded ' built
known() { api /v1/templates | jq -r '.templates[0].state'; }
check_soon 'which the pool knows' ready known
phone=$(api /v1/phones -d '{"template":"tiny"}' | jq -r .uuid)
thumbnail() { api "/v1/phones/$phone/thumbnail" -o /dev/null -w '%{http_code} %{content_type}'; }
check_soon 'mtpd shows it to the pool, by mutual TLS' '200 image/jpeg' thumbnail
pid=$(api "/v1/phones/$phone" | jq -r .pid)
check 'it runs as a user of its own' "$(stat -c %u "/proc/$pid")" '70???'
check 'which no daemon is' "$(getent passwd "$(stat -c %u "/proc/$pid")" || echo nobody)" nobody
worker=$(pgrep -x mtpd-worker | head -n 1)
check 'and its screen as another' "$(stat -c %U "/proc/${worker:-self}")" qvmi-mtpd
check 'people are added on the control machine' "$(printf 'correct horse battery\n' >"$work/password"
	admin /run/qvmi-broker/brokerd.sock user add ann --password-file "$work/password" 2>&1)" '*ann*'
check 'it is destroyed' "$(api "/v1/phones/$phone" -X DELETE -o /dev/null -w '%{http_code}')" '20[024]'
exit "$failed"
