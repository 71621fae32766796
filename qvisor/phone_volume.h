/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A phone and the volume of its user. The phone's record says which one it has, from before the
 * first step until after the last, so that no volume is ever with two phones, whoever is killed.
 *
 *   claimed -> plugged (QMP: key, block node, virtio disk on a spare root port)
 *           -> mounted (agent: checked, bound over the user's home)
 *
 * Each step finds what an earlier attempt has left and goes on. It happens by itself whenever the
 * phone's agent says hello: after a clone, a boot, a resume, a restart of ours. Main thread.
 */
#pragma once

#include "qvisor/phone.h"

struct phone_volume {
	char *id;
	bool plugged;       /* QEMU has its disk; recorded, since a suspended guest has it too */
	bool mounted;       /* so the guest has said; recorded for the same reason */
	bool working;       /* a step is under way */
	char *problem;      /* why the last attempt ended; NULL: it has not, or well */
	GPtrArray *waiters; /* struct phone_waiter * */
	guint deadline;
	struct phone_waiter leaving; /* of phone_volume_detach(); done NULL: it stays */
	guint pull_deadline;
};

struct phone_volume *phone_volume_new(const char *id);
void phone_volume_free(struct phone_volume *volume);

/* Makes the volume this phone's; true when it is already. QVMI_ERROR_CONFLICT when another phone
 * has it, or this one another; _NOT_FOUND. */
bool phone_volume_claim(struct phone *phone, const char *id, GError **error);
/* Who has it; NULL: nobody. */
struct phone *phone_volume_holder(const struct host *host, const char *id);

/* Goes on towards "mounted", when the phone has a volume and is so far. */
void phone_volume_connect(struct phone *phone);
/* Answers when it is mounted, or cannot be; what failed before is tried again. */
void phone_volume_wait(struct phone *phone, phone_done_fn done, void *data);
/* Unmounts, unplugs and lets go. QVMI_ERROR_CONFLICT while programs in the phone use it, or the
 * phone is suspended with it; it keeps it then. */
void phone_volume_detach(struct phone *phone, phone_done_fn done, void *data);
/* Lets go at once; nothing runs. */
void phone_volume_drop(struct phone *phone);
/* Of a phone that is about to be deleted here: when another host has it, and so its volume, what is
 * of that here goes, too. */
void phone_volume_abandon(const struct phone *phone);

/* Of a QEMU that waits for saved state with the disk in it. */
void phone_volume_plug_for_state(struct phone *phone);
/* An event of QEMU's; its end. */
void phone_volume_event(struct phone *phone, const char *name, JsonObject *payload);
void phone_volume_process_gone(struct phone *phone);
/* Kills QEMU, but has the guest write out what the user has left first. */
void phone_volume_kill(struct phone *phone);

/* "attached", "plugged", "mounted"; as the API says it. */
const char *phone_volume_state(const struct phone_volume *volume);
