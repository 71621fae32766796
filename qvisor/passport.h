/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a phone shows at the other host's border: who it is, and what a host must have to go on with
 * it. Written by the host that it leaves, read with suspicion by the one that it comes to. Main
 * thread.
 */
#pragma once

#include "qvisor/phone.h"

struct passport {
	char *uuid, *name, *mac, *created;
	char *idempotency_key, *request_digest; /* NULL: none */
	enum phone_state state;                 /* RUNNING, SUSPENDED or OFF */
	bool established, cold, network;
	struct phone_machine booted, machine, wanted;
	char *template_name;
	char *qemu_version, *cpu; /* what its state fits to */
	char *reach;              /* its network policy; NULL: its host's, which is */
	char *host_network;
	JsonObject *sums; /* role -> SHA-256 of the template's files */
	int64_t disk_mib; /* its files take */
	char *volume;     /* its user's; NULL: none */
	bool volume_plugged, volume_mounted;
	int64_t volume_mib; /* that takes */
};

/* Of a phone here. Caller unrefs. */
JsonNode *passport_issue(const struct phone *phone);
/* QVMI_ERROR_INVALID */
struct passport *passport_parse(JsonObject *object, GError **error);
void passport_free(struct passport *passport);
DEFINE_CLEANUP(passport);

/* The template here that is the phone's, byte for byte (borrowed). NULL with an error that says
 * what this host lacks: another QEMU or processor,  no such template or network, no room, the name
 * is taken.
 * `*reach`: its policy as it is written here; the caller frees it, also after an error. */
struct template *passport_admit(
    const struct passport *passport, struct host *host, char **reach, GError **error);
