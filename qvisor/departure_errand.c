/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <openssl/ssl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "common/error.h"
#include "common/json.h"
#include "qvisor/departure_private.h"
#include "qvisor/memory_delta.h"
#include "qvisor/migration_thread.h"
#include "qvisor/visit.h"

#define PASSES_MAX 6
#define TELL_TIMES 10 /* one that is not told keeps a mark, an empty file */
#define TELL_AGAIN_US G_USEC_PER_SEC
#define PASS_ENOUGH 32 /* chunks: 2 MiB, for which the guest can wait */

struct errand *errand_new(SSL_CTX *context, const char *place, const char *ticket)
{
	struct errand *errand = g_new0(struct errand, 1);
	SSL_CTX_up_ref(context);
	errand->context = context;
	errand->place = g_strdup(place);
	errand->ticket = g_strdup(ticket);
	errand->socket = -1;
	return errand;
}

void errand_free(struct errand *errand)
{
	SSL_CTX_free(errand->context);
	g_clear_pointer(&errand->passport, json_node_unref);
	g_clear_error(&errand->error);
	if (errand->socket >= 0)
		close(errand->socket);
	g_free(errand->place);
	g_free(errand->ticket);
	g_free(errand->folder);
	g_free(errand->volume);
	g_free(errand->base);
	g_free(errand);
}

static void run(void *data)
{
	struct errand *errand = data;
	errand->run(errand);
}

static void done(void *data)
{
	struct errand *errand = data;
	errand->done(errand);
}

void errand_go(struct errand *errand, void (*run_it)(struct errand *errand),
    void (*done_it)(struct errand *errand), void *data)
{
	errand->run = run_it;
	errand->done = done_it;
	errand->data = data;
	migration_thread(run, done, errand);
}

/* The other's next line; NULL with its refusal as the error. Caller unrefs. */
static JsonNode *hear(struct migration_link *link, GError **error)
{
	g_autofree char *text = migration_link_read_line(link, error);
	g_autoptr(JsonNode) node = text ? json_parse_object(text, -1, error) : NULL;
	if (!node)
		return NULL;
	const char *refusal =
	    json_get_optional_string(json_node_get_object(node), "error", 8192, NULL);
	if (!refusal)
		return g_steal_pointer(&node);
	g_set_error_literal(error, QVMI_ERROR, QVMI_ERROR_CONFLICT, refusal);
	return NULL;
}

/* The same where nothing but a refusal matters. */
static void hear_consent(struct errand *errand)
{
	JsonNode *answer = errand->link ? hear(errand->link, &errand->error) : NULL;
	g_clear_pointer(&answer, json_node_unref);
}

/* A connection that has said what it is for. */
static struct migration_link *call(struct errand *errand, const char *purpose)
{
	AUTO(migration_link)
	link = migration_link_connect(errand->context, errand->place, &errand->error);
	if (!link)
		return NULL;
	JsonObject *object = json_object_new();
	json_object_set_string_member(object, "ticket", errand->ticket);
	json_object_set_string_member(object, "do", purpose);
	if (errand->passport)
		json_object_set_member(object, "phone", json_node_copy(errand->passport));
	g_autoptr(JsonNode) node = json_node_of(object);
	g_autofree char *text = json_text(node);
	return migration_link_write_line(link, text, &errand->error) ? g_steal_pointer(&link)
	                                                             : NULL;
}

/* --- files --- */

void errand_files_link(struct errand *errand)
{
	errand->link = call(errand, "files");
	hear_consent(errand);
}

void errand_files(struct errand *errand)
{
	unsigned chunks = G_MAXUINT;
	errand->files = migration_files_open(errand->folder, errand->volume, &errand->error);
	if (!errand->files)
		return;
	const struct migration_pipe pipe = visit_pipe(errand->link);
	/* To the disk there each time: the last pass, for which the guest waits, has little to. */
	for (unsigned i = 0; i < PASSES_MAX && chunks > PASS_ENOUGH; i++)
		if (!migration_files_pass(errand->files, &pipe, true, &chunks, &errand->error))
			return;
}

void errand_last_files(struct errand *errand)
{
	unsigned chunks;
	const struct migration_pipe pipe = visit_pipe(errand->link);
	migration_files_pass(errand->files, &pipe, true, &chunks, &errand->error);
}

void errand_hand_over(struct errand *errand)
{
	const struct migration_pipe pipe = visit_pipe(errand->link);
	errand->runs = migration_files_hand_over(&pipe, &errand->error);
}

/* --- memory --- */

void errand_memory_link(struct errand *errand)
{
	errand->link = call(errand, "memory");
	hear_consent(errand);
}

static bool write_link(void *data, const void *bytes, size_t n, GError **error)
{
	return migration_link_write(data, bytes, n, error);
}

static bool send_memory(struct errand *errand, const uint8_t *base)
{
	g_autofree uint8_t *written = g_malloc0(memory_delta_written_size(errand->size));
	struct memory_delta delta = {.fd = errand->socket,
	    .base = base,
	    .size = errand->size,
	    .write = write_link,
	    .data = errand->link,
	    .written = written};
	bool good = memory_delta_filter(&delta, &errand->error) &&
	            migration_link_end(errand->link, &errand->error);
	errand->figures = (struct memory_figures){delta.pages, delta.kept};
	return good;
}

void errand_memory(struct errand *errand)
{
	uint8_t *base = NULL;
	bool sent = memory_base_map(errand->base, errand->size, &base, &errand->error) &&
	            send_memory(errand, base);
	if (base)
		munmap(base, errand->size);
	/* QEMU must not wait for a reader that is gone. */
	shutdown(errand->socket, SHUT_RDWR);
	if (sent)
		hear_consent(errand);
}

/* --- afterwards --- */

void errand_ask(struct errand *errand)
{
	AUTO(migration_link) link = call(errand, "run");
	g_autoptr(JsonNode) answer = link ? hear(link, &errand->error) : NULL;
	JsonObject *object = answer ? json_node_get_object(answer) : NULL;
	if (object && !json_object_has_member(object, "runs"))
		g_set_error_literal(&errand->error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE,
		    "the other host answers what makes no sense");
	else if (object)
		json_get_optional_bool(object, "runs", false, &errand->runs, &errand->error);
}

void errand_done(struct errand *errand)
{
	for (unsigned i = 0; i < TELL_TIMES && (!i || errand->error); i++) {
		g_usleep(i ? TELL_AGAIN_US : 0);
		g_clear_error(&errand->error);
		errand->link = call(errand, "done");
		hear_consent(errand);
		g_clear_pointer(&errand->link, migration_link_free);
	}
}
