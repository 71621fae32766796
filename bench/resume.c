/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * resume (make bench-resume): a whole broker, and terminals that come back to their sessions all the
 * time, over TLS connections that stay open, each token used once and each answer on the disk.
 * Beside it the same terminals ask for /healthz: what HTTP and TLS alone take.
 *
 *   resume_per_s, p99_ms      POST /v1/resume
 *   core_us                   of it, the broker's own processor time for one: what the load of the machine
 *                             and the terminals take does not count
 *   bare_per_s, bare_p99_ms   GET /healthz
 *   ratio                     resume_per_s / bare_per_s
 *   sessions, terminals       records; connections, a thread each
 *   sync_ms                   median of 20 small writes that were synced, in the same folder: what each
 *                             batch takes at least (TMPDIR=/dev/shm: nothing)
 *
 * Terminals and broker share the machine: a terminal's signature costs about what its check does.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/client_key.h"
#include "tests/broker/fixture.h"

#define TERMINALS 16 /* each a user of its own; what comes at once shares a sync */
#define EACH 32      /* sessions a user */
#define SECONDS 5

struct terminal {
	const struct fixture *fixture;
	struct client_key *key;
	GPtrArray *tokens; /* char *, a session each */
	GArray *samples;   /* double, ms */
	unsigned failed;
	bool bare;
};

static gint running;

struct figures {
	double per_s, p99_ms, core_us;
};

static CURL *connection_of(const struct terminal *t, GString *answer, struct curl_slist *headers)
{
	CURL *curl = curl_easy_init();
	curl_easy_setopt(curl, CURLOPT_CAINFO, t->fixture->ca);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, collect);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
	return curl;
}

/* Puts the next token in the place of the one that was used. */
static bool resume_one(struct terminal *t, CURL *curl, GString *answer, unsigned i)
{
	const char *token = t->tokens->pdata[i];
	long status = 0;
	g_autofree char *proof = client_key_sign(t->key, CLIENT_KEY_RESUME, token, NULL);
	g_autofree char *body =
	    g_strdup_printf("{\"resumption\":\"%s\",\"proof\":\"%s\"}", token, proof);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
	curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	g_autoptr(JsonNode) node = json_parse_object(answer->str, (gssize)answer->len, NULL);
	const char *next =
	    node ? json_get_string(json_node_get_object(node), "resumption", 256, NULL) : NULL;
	if (status != 200 || !next)
		return false;
	g_free(t->tokens->pdata[i]);
	t->tokens->pdata[i] = g_strdup(next);
	return true;
}

static void *work(void *data)
{
	struct terminal *t = data;
	g_autoptr(GString) answer = g_string_new(NULL);
	struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
	CURL *curl = connection_of(t, answer, headers);
	g_autofree char *url = g_strdup_printf("https://127.0.0.1:%u%s", t->fixture->port,
	    t->bare ? "/healthz" : "/v1/resume");

	curl_easy_setopt(curl, CURLOPT_URL, url);
	for (unsigned i = 0; g_atomic_int_get(&running); i = (i + 1) % t->tokens->len) {
		int64_t begin = g_get_monotonic_time();
		g_string_truncate(answer, 0);
		if (t->bare ? curl_easy_perform(curl) != CURLE_OK
		            : !resume_one(t, curl, answer, i))
			t->failed++;
		double ms = (double)(g_get_monotonic_time() - begin) / 1000;
		g_array_append_val(t->samples, ms);
	}
	curl_easy_cleanup(curl);
	curl_slist_free_all(headers);
	return NULL;
}

static gboolean stop(void *data)
{
	(void)data;
	g_atomic_int_set(&running, 0);
	return G_SOURCE_REMOVE;
}

static gint ascending(gconstpointer a, gconstpointer b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

static double thread_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

/* All terminals, for SECONDS. */
static struct figures run(struct terminal *terminals, bool bare)
{
	GThread *threads[TERMINALS];
	g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(double));
	unsigned failed = 0;
	double begin_us = thread_us();
	int64_t begin = g_get_monotonic_time();

	g_atomic_int_set(&running, 1);
	for (unsigned i = 0; i < TERMINALS; i++) {
		terminals[i].bare = bare;
		g_array_set_size(terminals[i].samples, 0);
		threads[i] = g_thread_new("terminal", work, &terminals[i]);
	}
	g_timeout_add_seconds(SECONDS, stop, NULL);
	while (g_atomic_int_get(&running))
		g_main_context_iteration(NULL, TRUE);
	double seconds = (double)(g_get_monotonic_time() - begin) / G_USEC_PER_SEC;
	double used_us = thread_us() - begin_us;
	/* The last questions have to be answered for the threads to end. */
	for (int64_t until = g_get_monotonic_time() + G_USEC_PER_SEC;
	     g_get_monotonic_time() < until;)
		g_main_context_iteration(NULL, FALSE);
	for (unsigned i = 0; i < TERMINALS; i++) {
		g_thread_join(threads[i]);
		failed += terminals[i].failed;
		g_array_append_vals(
		    all, terminals[i].samples->data, terminals[i].samples->len);
	}
	if (failed || all->len == 0) {
		fprintf(stderr, "resume: %u of %u requests failed\n", failed, all->len);
		exit(1);
	}
	g_array_sort(all, ascending);
	return (struct figures){.per_s = all->len / seconds,
	    .p99_ms = g_array_index(all, double, all->len * 99 / 100),
	    .core_us = used_us / all->len};
}

/* A user and his sessions, whose tokens are the terminal's. */
static void open_sessions(struct terminal *t, const char *user)
{
	g_autofree char *body = g_strdup_printf("{\"user\":\"%s\"}", user);
	fixture_add_user(t->fixture, user, false);
	admin_do(t->fixture, "POST", "/v1/packages/phone/grants", body);
	g_autofree char *authorization = bearer(t->fixture, user);
	JsonObject *wish = json_object_new();
	json_object_set_string_member(wish, "package", "phone");
	json_object_set_object_member(
	    wish, "client_key", client_key_jwk(client_key_public(t->key)));
	g_autoptr(JsonNode) node = json_node_of(wish);
	g_autofree char *text = json_text(node);
	for (unsigned i = 0; i < EACH; i++) {
		AUTO(reply)
		reply = ask_as(t->fixture, authorization, "POST", "/v1/sessions", text);
		g_assert_cmpint(reply->status, ==, 201);
		g_ptr_array_add(t->tokens, g_strdup(member(reply, "resumption")));
	}
}

static double sync_ms(const struct fixture *f)
{
	g_autofree char *path = fixture_path(f, "sync");
	g_autoptr(GArray) samples = g_array_new(FALSE, FALSE, sizeof(double));
	AUTO_FD fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	for (unsigned i = 0; i < 20; i++) {
		int64_t begin = g_get_monotonic_time();
		if (write(fd, path, strlen(path)) < 0 || fdatasync(fd) != 0)
			exit(1);
		double ms = (double)(g_get_monotonic_time() - begin) / 1000;
		g_array_append_val(samples, ms);
	}
	g_array_sort(samples, ascending);
	return g_array_index(samples, double, samples->len / 2);
}

static GLogWriterOutput silent(
    GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer data)
{
	return level & G_LOG_LEVEL_MESSAGE ? G_LOG_WRITER_HANDLED
	                                   : g_log_writer_default(level, fields, n_fields, data);
}

int main(void)
{
	struct fixture fixture;
	struct terminal terminals[TERMINALS];

	g_log_set_writer_func(silent, NULL, NULL);
	fixture_init(&fixture, 64);
	admin_do(&fixture, "POST", "/v1/packages",
	    "{\"id\":\"phone\",\"name\":\"Phone\",\"kind\":\"phone\",\"pool\":\"phone\"}");
	for (unsigned i = 0; i < TERMINALS; i++) {
		terminals[i] = (struct terminal){.fixture = &fixture,
		    .key = client_key_new(NULL),
		    .tokens = g_ptr_array_new_with_free_func(g_free),
		    .samples = g_array_new(FALSE, FALSE, sizeof(double))};
		g_autofree char *user = g_strdup_printf("user%u", i);
		open_sessions(&terminals[i], user);
	}
	const struct figures bare = run(terminals, true), resumed = run(terminals, false);
	printf("resume resume_per_s=%.0f p99_ms=%.1f core_us=%.0f bare_per_s=%.0f bare_p99_ms=%.1f "
	       "bare_core_us=%.0f ratio=%.2f sessions=%d terminals=%d sync_ms=%.2f\n",
	    resumed.per_s, resumed.p99_ms, resumed.core_us, bare.per_s, bare.p99_ms, bare.core_us,
	    resumed.per_s / bare.per_s, TERMINALS * EACH, TERMINALS, sync_ms(&fixture));
	for (unsigned i = 0; i < TERMINALS; i++) {
		client_key_free(terminals[i].key);
		g_ptr_array_unref(terminals[i].tokens);
		g_array_unref(terminals[i].samples);
	}
	fixture_finish(&fixture);
	return 0;
}
