# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by tests: Debian's libvirt daemon, one of the test's own, everything of it below a folder.
#
#   libvirt_start FOLDER [LINE of libvirtd.conf...]   answers when it does; sets LIBVIRT_URI and LIBVIRT_PID
#   libvirt_start_tls FOLDER AUTHORITY PORT           likewise, over TLS, for whoever AUTHORITY (certificate.sh) knows
#   libvirt_start_system FOLDER                       root's, qemu:///system, in what as_machine has made
#   libvirt_stop [SIGNAL]                             ends it; domains live on
#
#   as_user PROGRAM...                                replaces this shell, for who is root
#   as_machine PROGRAM...                             likewise, once: a mount namespace with a /run and a /dev of its own
#
# It runs as qemu:///session does, of a user without privileges, so that tests need none and several do not meet. Root
# becomes such a user by a user namespace, in which it goes on owning root's files and can do nothing else.
LIBVIRT_URI='' LIBVIRT_PID=''

libvirt_start() {
	local folder=$1 listen=()
	shift
	[ "${1:-}" != --listen ] || { listen=("$1"); shift; }
	mkdir -p "$folder/config/libvirt" "$folder/cache"
	mkdir -p -m 700 "$folder/run"
	printf 'log_outputs = "3:stderr"\n' >"$folder/libvirtd.conf"
	[ $# = 0 ] || printf '%s\n' "$@" >>"$folder/libvirtd.conf"
	# QEMU's own words go to a file and not through another daemon.
	printf 'stdio_handler = "file"\n' >"$folder/config/libvirt/qemu.conf"
	HOME=$folder XDG_RUNTIME_DIR=$folder/run XDG_CONFIG_HOME=$folder/config XDG_CACHE_HOME=$folder/cache \
		/usr/sbin/libvirtd --config "$folder/libvirtd.conf" --pid-file "$folder/pid" "${listen[@]}" \
		>>"$folder/log" 2>&1 &
	LIBVIRT_PID=$!
	disown # a bare "wait" does not mean it
	LIBVIRT_URI="qemu:///session?socket=$folder/run/libvirt/libvirt-sock"
	eventually test -S "$folder/run/libvirt/libvirt-sock"
}
# The names are libvirt's: https://libvirt.org/kbase/tlscerts.html
libvirt_start_tls() {
	local folder=$1 authority=$2 port=$3
	mkdir -p "$folder/pki"
	certificate "$authority" "$folder/pki/server"
	certificate "$authority" "$folder/pki/client"
	mv "$folder/pki/client.pem" "$folder/pki/clientcert.pem"
	mv "$folder/pki/client.key" "$folder/pki/clientkey.pem"
	cp "$authority.pem" "$folder/pki/cacert.pem"
	libvirt_start "$folder" --listen 'listen_tls = 1' 'auth_tls = "none"' 'listen_addr = "127.0.0.1"' "tls_port = \"$port\"" \
		"ca_file = \"$authority.pem\"" "cert_file = \"$folder/pki/server.pem\"" "key_file = \"$folder/pki/server.key\""
	LIBVIRT_URI="qemu+tls://localhost:$port/session?pkipath=$folder/pki"
}
# The system's daemon, as root: in a machine for the test alone (as_machine), whose folders of libvirt are below FOLDER.
libvirt_start_system() {
	local folder=$1 place
	for place in /var/lib/libvirt /var/cache/libvirt /var/log/libvirt /etc/libvirt; do
		mkdir -p "$folder$place"
		mount --bind "$folder$place" "$place"
	done
	# Who may connect is left to the folder that all this is in.
	printf 'log_outputs = "3:stderr"\nauth_unix_rw = "none"\nunix_sock_rw_perms = "0777"\n' >/etc/libvirt/libvirtd.conf
	printf 'stdio_handler = "file"\n' >/etc/libvirt/qemu.conf
	/usr/sbin/libvirtd --config /etc/libvirt/libvirtd.conf --pid-file "$folder/pid" >>"$folder/log" 2>&1 &
	LIBVIRT_PID=$!
	disown
	LIBVIRT_URI=qemu:///system
	eventually test -S /run/libvirt/libvirt-sock
}
libvirt_stop() {
	[ -n "$LIBVIRT_PID" ] || return 0
	kill "-${1:-TERM}" "$LIBVIRT_PID" 2>/dev/null || true
	eventually libvirt_gone
	LIBVIRT_PID=''
}
libvirt_gone() { ! kill -0 "$LIBVIRT_PID" 2>/dev/null; }
as_machine() {
	[ -n "${LIBVIRT_MACHINE:-}" ] || LIBVIRT_MACHINE=1 exec unshare --mount "$BASH" -c 'machine_enter && exec "$@"' bash "$@"
}
as_user() {
	[ "$(id -u)" != 0 ] || exec unshare --user --map-user=1000 --map-group=1000 "$@"
}
# A /dev without KVM: where it is there and of no use, libvirt asks QEMU about it before each start, half a minute long.
machine_enter() {
	local name
	mount -t tmpfs -o mode=755 run /run
	mkdir /run/libvirt /run/dev
	mount -t tmpfs -o mode=755 dev /run/dev
	for name in null zero full random urandom tty; do
		touch "/run/dev/$name"
		mount --bind "/dev/$name" "/run/dev/$name"
	done
	for name in pts shm; do
		mkdir "/run/dev/$name"
		mount --rbind "/dev/$name" "/run/dev/$name"
	done
	ln -s pts/ptmx /run/dev/ptmx
	ln -s /proc/self/fd /run/dev/fd
	mount --move /run/dev /dev
}
export -f machine_enter
