# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced first by tests that want a small file system: begins the script once more in a mount namespace of its own, which an
# ordinary user may have inside a user namespace, with QVMI_SMALL_DISK, an empty folder to mount a tmpfs on.
if [ -z "${QVMI_SMALL_DISK:-}" ]; then
	export QVMI_SMALL_DISK
	QVMI_SMALL_DISK=$(mktemp -d)
	if [ "$(id -u)" = 0 ]; then unshare=(unshare --mount); else unshare=(unshare --user --map-root-user --mount); fi
	# Inside a chroot the root is no mount of its own, and a user gets no namespace.
	"${unshare[@]}" true 2>/dev/null || unshare+=(--propagation unchanged)
	if ! "${unshare[@]}" true 2>/dev/null; then
		echo 'SKIP neither root nor user namespaces: no small file system can be made'
		rmdir "$QVMI_SMALL_DISK"
		exit 0
	fi
	status=0
	# Filled before, since the tiny guest's cache belongs to the user outside.
	"$(dirname "$0")/../guest/build" >/dev/null
	"${unshare[@]}" "$0" || status=$?
	rmdir "$QVMI_SMALL_DISK"
	exit "$status"
fi
