/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What comes between a lease that is recorded and its answer: the phone is created or started, and
 * gets its user's volume (volume_claim.h).
 */
#pragma once

#include "pool/allocation.h"

/* The phone of a->phone, whatever it does now. Ends the allocation; or, when the phone could not
 * even be created and another may do, calls a->again with the cause kept. */
void fitting_begin(struct allocation *a);
/* The same for one that is recorded and not there yet, of a template, on a host. */
void fitting_create(struct allocation *a, const char *host, const char *template);
