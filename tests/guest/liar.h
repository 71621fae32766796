/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest whose agent lies: qvmi.liar on the kernel's command line starts this in the agent's
 * place. It is ready, and answers every request with success, doing nothing of what was asked. From
 * "volume.mount" on it writes to the end of the first disk, also after it has said that the volume
 * is unmounted. The console then has
 *
 *   liar: writes         the first write has worked
 *   liar: cut off        and one has failed
 *
 * When it has said for the second time that the volume is unmounted nothing else runs in the guest
 * any more, so that no disk can be unplugged.
 */
#pragma once

void liar_run(void) __attribute__((noreturn));
