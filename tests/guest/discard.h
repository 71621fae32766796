/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest that gives back what it has: three quarters of its free memory, written to and freed,
 * which free page reporting tells the host (virtio 1.3, 5.5.6.7) where there is a balloon; and all
 * of its disk, discarded (BLKDISCARD). A host that shares either between phones must not believe
 * it. Launched as org.qvmi.Discard; the console then has
 *
 *   discard: memory 72 MiB
 *   discard: disk 16 MiB           discard: disk: No such file or directory
 */
#pragma once

/* Memory alone; nobody is told of it by default. */
void discard_memory(void);
/* Needs root. Some seconds; in a process of its own. */
void discard_run(void);
