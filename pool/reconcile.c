/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pool/reconcile.h"

/* Cloned for the reserve and never given to anybody: nobody's data is in it. */
static bool is_spare(const struct phone_record *r)
{
	return r->pool && !r->owner && !r->lease;
}

static bool is_down(const struct phone_truth *truth)
{
	return truth->state == PHONE_STATE_OFF || truth->state == PHONE_STATE_SUSPENDED ||
	       truth->state == PHONE_STATE_FAILED;
}

static bool is_connected_otherwise(const struct phone_record *r, const struct phone_truth *truth)
{
	return r->pool && truth->state != PHONE_STATE_CREATING &&
	       g_strcmp0(r->network, truth->network) != 0;
}

static enum reconcile_action present(
    const struct phone_record *r, const struct phone_truth *truth, enum host_duty duty)
{
	if (!truth)
		return is_spare(r) ? RECONCILE_REPLACE : RECONCILE_LOST;
	/* One that is off or has crashed is started at the next sign-in. A hung one cannot be
	 * suspended; its host's own policy is for it. */
	if (!is_spare(r) && duty == HOST_MAINTENANCE && truth->state == PHONE_STATE_RUNNING &&
	    !truth->hung)
		return RECONCILE_SUSPEND;
	if (is_spare(r) && (is_down(truth) || truth->hung))
		return RECONCILE_REPLACE;
	return is_connected_otherwise(r, truth) ? RECONCILE_CONNECT : RECONCILE_NOTHING;
}

static enum reconcile_action releasing(const struct phone_truth *truth)
{
	if (!truth)
		return RECONCILE_LOST;
	if (is_down(truth))
		return RECONCILE_RELEASED;
	return truth->state == PHONE_STATE_RUNNING ? RECONCILE_STOP : RECONCILE_NOTHING;
}

enum reconcile_action reconcile_phone(
    const struct phone_record *record, const struct phone_truth *truth, enum host_duty duty)
{
	if (duty != HOST_ACTIVE && is_spare(record) && record->stage != PHONE_DESTROYING)
		return RECONCILE_CLEAR;
	switch (record->stage) {
	case PHONE_CREATING:
		if (truth && truth->state == PHONE_STATE_RUNNING)
			return RECONCILE_ADOPT;
		if (truth && truth->state == PHONE_STATE_CREATING)
			return RECONCILE_NOTHING;
		return RECONCILE_CREATE;
	case PHONE_PRESENT:
		return present(record, truth, duty);
	case PHONE_RELEASING:
		return releasing(truth);
	case PHONE_DESTROYING:
		return RECONCILE_DESTROY;
	}
	return RECONCILE_NOTHING;
}
