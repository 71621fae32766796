/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside a departure: departure.c, up to the last change of its files; departure_end.c, from the
 * hand-over; and departure_errand.c, what waits for the other host in threads. */
#pragma once

#include "qvisor/departure.h"
#include "qvisor/memory_file.h"
#include "qvisor/migration_files.h"
#include "qvisor/migration_link.h"

/* One order to a thread, and what came of it. The links and files are the departure's, which lives
 * until its last errand has ended; no two errands use the same. */
struct errand {
	SSL_CTX *context;
	char *place, *ticket;
	/* In: */
	JsonNode *passport;            /* errand_files_link */
	char *folder, *volume;         /* errand_files; volume NULL: it has none */
	struct migration_files *files; /* errand_files makes it */
	struct migration_link *link;   /* errand_files_link and errand_memory_link make it */
	int socket;                    /* errand_memory: QEMU's other end, taken */
	char *base;                    /* errand_memory: the template's memory; NULL: none */
	uint64_t size;                 /* of the guest's */
	/* Out: */
	struct memory_figures figures;
	bool runs;
	GError *error;
	/* Back: */
	void (*run)(struct errand *errand);
	void (*done)(struct errand *errand); /* from the main loop; frees it */
	void *data;
};

struct errand *errand_new(SSL_CTX *context, const char *place, const char *ticket);
void errand_free(struct errand *errand);
void errand_go(struct errand *errand, void (*run)(struct errand *errand),
    void (*done)(struct errand *errand), void *data);

/* Introduces the phone. */
void errand_files_link(struct errand *errand);
/* Sends its files until little changes any more. */
void errand_files(struct errand *errand);
/* What has changed in them since, to the other's disk. */
void errand_last_files(struct errand *errand);
/* Opens a second connection, for memory. */
void errand_memory_link(struct errand *errand);
/* Sends what QEMU writes to `socket`, until the other host has loaded it. */
void errand_memory(struct errand *errand);
/* Hands over: `runs`, or error (migration_files_hand_over()). */
void errand_hand_over(struct errand *errand);
/* Asks what became of it: `runs` or not, or error when nobody knows. */
void errand_ask(struct errand *errand);
/* It will not be asked for any more. */
void errand_done(struct errand *errand);

/* --- the main thread's --- */

struct departure {
	struct host *host;
	struct phone *phone;         /* NULL: gone */
	struct operation *operation; /* NULL: of a qvisord before us */
	char *uuid, *place, *ticket;
	gulong cancelled;
	struct migration_link *files_link, *memory_link;
	struct migration_files *files;
	int socket;       /* QEMU's other end, to end it */
	unsigned errands; /* in threads */
	bool live;        /* its memory goes along */
	bool qemu_at_it, migrated, loaded, copied, handed_over, over;
	GError *error; /* the first */
	guint tick;    /* progress, patience; then the next question */
	struct memory_figures figures;
	int64_t begin, memory_begin, stopped; /* monotonic; 0: not yet */
	unsigned asked;
};

struct departure *departure_new(struct phone *phone, const char *place, const char *ticket);
void departure_free(struct departure *d);
void departure_progress(struct departure *d, double fraction, const char *stage);
/* An errand to the other host; with `files` one on the connection of its files. */
struct errand *departure_errand(const struct departure *d);
struct errand *departure_files_errand(const struct departure *d);
void departure_go(struct departure *d, struct errand *errand, void (*run)(struct errand *errand),
    void (*done)(struct errand *errand));
/* It stays here, once nothing is under way any more; the first cause counts. May free it. */
void departure_fail(struct departure *d, const GError *cause);
/* Hands over when everything is there that has to be. */
void departure_hand_over(struct departure *d);
void departure_end_operation(struct departure *d);
