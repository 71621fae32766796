# shellcheck shell=bash
# Sourced: Debian packages of another architecture, unpacked and never installed.

# foreign_package ARCHITECTURE FOLDER PACKAGE...: unpacks the packages, without what they depend on, into FOLDER. They come
# from the machine's own apt sources with the signatures that apt checks, through a state of apt's that is ours alone: the
# machine's apt learns of no other architecture.
foreign_package() (
	set -euo pipefail
	local architecture=$1 folder=$2 state
	shift 2
	state=$(mktemp -d)
	trap 'rm -rf "$state"' EXIT
	chmod 755 "$state" # apt downloads as a user of its own
	mkdir -p "$state"/{state/lists/partial,cache/archives/partial,packages}
	: >"$state/status"
	cat >"$state/apt.conf" <<-END
		APT::Architecture "$architecture";
		APT::Architectures { "$architecture"; };
		Dir::State "$state/state";
		Dir::State::status "$state/status";
		Dir::Cache "$state/cache";
		Acquire::Languages "none";
		Acquire::Retries "3";
		APT::Sandbox::User "root";
	END
	export APT_CONFIG=$state/apt.conf
	apt-get -qq update >"$state/log" 2>&1 || true
	# The kernel of an architecture is a package that names the one of today.
	case $1 in
	linux-image-*) set -- "$(apt-cache depends "$1" | awk '/Depends: linux-image-/ { print $2; exit }')" ;;
	esac
	(cd "$state/packages" && apt-get -qq download "$@") >>"$state/log" 2>&1 || {
		tail -n 5 "$state/log" >&2
		echo "cannot get $* for $architecture; check the network and the sources in /etc/apt" >&2
		return 1
	}
	mkdir -p "$folder"
	for package in "$state"/packages/*.deb; do
		dpkg-deb -x "$package" "$folder"
	done
)

