/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a hostile program in a phone tries: /init under the name of "probe", started when the
 * kernel's command line has qvmi.probe=TARGET,... It waits for a network card to be plugged, gives
 * itself the addresses it wishes, and tries all targets at once, again and again, until each has
 * answered or PROBE_S are over. Then the console has a line a target.
 *
 *   tcp:ADDRESS:PORT   reached when it connects
 *   udp:ADDRESS:PORT   reached when something comes back
 * An IPv6 address stands in brackets: tcp:[2001:db8::1]:80.
 *
 *   probe: tcp:192.0.2.1:80 reached        probe: tcp:192.0.2.2:80 silent        probe: done
 */
#pragma once

#define PROBE_S 6

/* `targets` is changed. Returns when all is said. */
void probe_run(char *targets);
