/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What makes a clone itself and not its template: host name, machine id, random numbers, clock, SSH
 * host keys, and the address of an interface that it has already.
 *
 * identity_parse() believes nothing; identity_apply() does only what a parsed identity says. Needs
 * root to apply.
 */
#pragma once

#include "agent/interface.h"
#include "agent/rpc.h"

#include <stdbool.h>
#include <stdint.h>

#define IDENTITY_SEED_MIN 32
#define IDENTITY_SEED_MAX 512

struct identity {
	char hostname[64];   /* one label, RFC 1123: letters, digits, inner hyphens */
	char machine_id[33]; /* 32 lower-case hex digits, not all zero (machine-id(5)) */
	unsigned char seed[IDENTITY_SEED_MAX];
	unsigned seed_length;         /* bytes */
	int64_t time_ns;              /* since the epoch */
	char mac[INTERFACE_MAC_SIZE]; /* interface.h; "": nothing was said of one */
};

/* False with RPC_INVALID_PARAMS. The caller wipes *identity when done: it holds the seed. */
bool identity_parse(struct identity *identity, struct json_object *params, struct rpc_error *error);
void identity_wipe(struct identity *identity);

/* Writes etc/hostname, etc/hosts and etc/machine-id below root ("" for the machine itself), each as
 * a whole or not at all. */
bool identity_write_files(
    const struct identity *identity, const char *root, struct rpc_error *error);

/* The files, and the running kernel's name, clock and random numbers, new SSH host keys where there
 * is an SSH server, and the interface's address where there is an interface that takes it: whoever
 * plugged it can see whether it has. */
bool identity_apply(const struct identity *identity, struct rpc_error *error);
