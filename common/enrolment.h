/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A broker's answers about a second factor, for a person at a terminal (openapi.yaml, Challenge and
 * SignIn). The broker is not believed: what it says is bounded, and nothing of it reaches the
 * terminal that could control it.
 */
#pragma once

#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stdio.h>

/* Is the sign-in only half done? The challenge's name, borrowed; NULL without error: it is done. */
const char *enrolment_challenge(JsonObject *answer, GError **error);
/* What to enter into an authenticator application, with its QR code; nothing where the challenge
 * has nothing to enrol. */
bool enrolment_show(JsonObject *challenge, FILE *out, GError **error);
/* Recovery codes, where a sign-in's answer has them. They are taken out of it. */
void enrolment_show_recovery(JsonObject *answer, FILE *out);
