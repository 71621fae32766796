/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a forked QEMU has mapped. The guest's memory QEMU keeps from children (MADV_DONTFORK, for
 * KVM's sake): it is handed on nevertheless. The pictures of virtio-gpu are shared with their
 * memfd: in the child they become private, copied on write like everything else.
 */
#pragma once

/* Before the fork, after descriptors_survey(). `proc`: a directory descriptor of /proc/self. NULL,
 * or what is wrong: memory that is shared in another way, for example. */
const char *mappings_survey(int proc);
/* Before and, in the parent, after the fork: what a child looks its pictures up in, and cannot
 * write by. */
void mappings_open(int proc);
void mappings_close(void);
/* In the child, before descriptors_replace(), which gives the memfds away. NULL, or what is wrong.
 */
const char *mappings_take(void);
