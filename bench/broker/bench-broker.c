/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench-broker FOLDER PORT KEYTAB PID SECONDS IDLE CACHE...: asks the broker at localhost, whose
 * process is PID and whose files are in FOLDER, as people whose tickets are in the caches, and
 * prints a line of figures (bench/broker/run says what they are).
 */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/broker/load.h"
#include "bench/broker/resume.h"
#include "bench/broker/tickets.h"
#include "common/json.h"

#define HOST "localhost"
#define PEER_TOKENS 1000
#define SIGN_INS 1000 /* at most, a second */
#define AT_ONCE 8
#define CALM 2 /* terminals at a time when delays are measured */
#define ASKED 3000
#define RESUMED 8000
#define RESUMED_AT_ONCE 32

static char *negotiate(GBytes *token)
{
	gsize n;
	const guchar *bytes = g_bytes_get_data(token, &n);
	g_autofree char *text = g_base64_encode(bytes, n);

	return g_strconcat("Authorization: Negotiate ", text, NULL);
}

static struct load_result sign_in(
    const struct load_server *server, char **caches, unsigned n, unsigned threads, bool alone)
{
	g_autoptr(GPtrArray) tokens = tickets_make(HOST, caches, n);
	g_autofree struct load_request *requests = g_new0(struct load_request, n);

	for (unsigned i = 0; i < n; i++)
		requests[i] = (struct load_request){.method = "POST",
		    .path = "/v1/login/negotiate",
		    .header = negotiate(tokens->pdata[i]),
		    .alone = alone};
	struct load_result result = load_run(server, requests, n, threads);

	for (unsigned i = 0; i < n; i++)
		g_free(requests[i].header);
	if (result.failed)
		fprintf(stderr, "bench-broker: %u of %u sign-ins failed\n", result.failed, n);
	return result;
}

static size_t collect(char *bytes, size_t size, size_t n, void *text)
{
	g_string_append_len(text, bytes, (gssize)(size * n));
	return size * n;
}

/* The token of one who signs in now. */
static char *enter(const struct load_server *server, char **caches)
{
	g_autoptr(GPtrArray) tokens = tickets_make(HOST, caches, 1);
	g_autoptr(GString) body = g_string_new(NULL);
	g_autofree char *url = g_strconcat(server->url, "/v1/login/negotiate", NULL);
	g_autofree char *header = negotiate(tokens->pdata[0]);
	struct curl_slist *headers = curl_slist_append(NULL, header);
	CURL *curl = curl_easy_init();

	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, "POST");
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_CAINFO, server->ca_file);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, collect);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, body);
	curl_easy_perform(curl);
	curl_slist_free_all(headers);
	curl_easy_cleanup(curl);
	g_autoptr(JsonNode) node = json_parse_object(body->str, (gssize)body->len, NULL);
	const char *token =
	    node ? json_get_string(json_node_get_object(node), "token", 128, NULL) : NULL;

	if (!token) {
		fprintf(stderr, "bench-broker: nobody is let in: %s\n", body->str);
		exit(1);
	}
	return g_strdup(token);
}

/* What terminals ask between their sign-ins. */
static struct load_result ask(const struct load_server *server, const char *token, unsigned n)
{
	static const char *const paths[] = {
	    "/v1/whoami", "/v1/packages", "/v1/sessions?live=1", "/v1/sign-in"};
	g_autofree struct load_request *requests = g_new0(struct load_request, n);
	g_autofree char *header = g_strconcat("Authorization: Bearer ", token, NULL);

	for (unsigned i = 0; i < n; i++)
		requests[i] = (struct load_request){
		    .method = "GET", .path = paths[i % G_N_ELEMENTS(paths)], .header = header};
	return load_run(server, requests, n, CALM);
}

static struct load_result resume(
    const struct load_server *server, const char *folder, const char *token)
{
	g_autofree char *database = g_build_filename(folder, "broker.db", NULL);
	g_autofree char *key = g_build_filename(folder, "grant.key", NULL);
	const struct resume_options options = {
	    .database = database, .grant_key = key, .user = "user1", .token = token};
	struct load_request *requests = resume_prepare(&options, RESUMED);
	struct load_result result = load_run(server, requests, RESUMED, RESUMED_AT_ONCE);

	resume_free(requests, RESUMED);
	return result;
}

/* Sums what `measure` says of a process and its children. */
static double sum(double (*measure)(const char *pid), const char *pid)
{
	g_autofree char *path = g_strdup_printf("/proc/%s/task/%s/children", pid, pid);
	g_autofree char *text = NULL;
	double all = measure(pid);

	if (!g_file_get_contents(path, &text, NULL, NULL))
		return all;
	g_auto(GStrv) children = g_strsplit(g_strstrip(text), " ", 0);

	for (char **child = children; *child; child++)
		if (**child)
			all += sum(measure, *child);
	return all;
}

/* Proportional set size, MB. */
static double memory_mb(const char *pid)
{
	g_autofree char *path = g_strdup_printf("/proc/%s/smaps_rollup", pid);
	g_autofree char *text = NULL;

	if (!g_file_get_contents(path, &text, NULL, NULL) || !strstr(text, "\nPss:"))
		return 0;
	return g_ascii_strtod(strstr(text, "\nPss:") + strlen("\nPss:"), NULL) * 1024 / 1e6;
}

/* Processor time, ms (proc_pid_stat(5): utime and stime, the 14th and 15th). */
static double processor_ms(const char *pid)
{
	g_autofree char *path = g_strdup_printf("/proc/%s/stat", pid);
	g_autofree char *text = NULL;
	unsigned long user, system;

	if (!g_file_get_contents(path, &text, NULL, NULL) || !strrchr(text, ')') ||
	    sscanf(strrchr(text, ')'), ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
	        &user, &system) != 2)
		return 0;
	return (double)(user + system) * 1000 / (double)sysconf(_SC_CLK_TCK);
}

int main(int argc, char **argv)
{
	if (argc < 8)
		return 2;
	g_autofree char *url = g_strconcat("https://" HOST ":", argv[2], NULL);
	g_autofree char *ca = g_build_filename(argv[1], "server.pem", NULL);
	const struct load_server server = {.url = url, .ca_file = ca};
	unsigned seconds = (unsigned)atoi(argv[5]), idle = (unsigned)atoi(argv[6]);
	char **caches = argv + 7;

	curl_global_init(CURL_GLOBAL_DEFAULT);
	sign_in(&server, caches, g_strv_length(caches), 1, true); /* the directory has been asked */
	g_autoptr(GPtrArray) tokens = tickets_make(HOST, caches, PEER_TOKENS);
	double peer = tickets_accept(argv[3], tokens);
	/* As many as can be expected in the time, by a short run. */
	struct load_result brief = sign_in(&server, caches, SIGN_INS / 4, AT_ONCE, true);
	unsigned n = (unsigned)(brief.answered / brief.seconds * seconds);
	double before = sum(processor_ms, argv[4]);
	struct load_result alone = sign_in(&server, caches, n, AT_ONCE, true);
	double cpu_ms = (sum(processor_ms, argv[4]) - before) / n;
	struct load_result kept = sign_in(&server, caches, n, AT_ONCE, false);
	unsigned held = load_hold(HOST, argv[2], idle);
	double mb = sum(memory_mb, argv[4]);
	g_autofree char *token = enter(&server, caches);
	struct load_result asked = ask(&server, token, ASKED);
	struct load_result calm = sign_in(&server, caches, n / 4, CALM, true);

	double resume_before = sum(processor_ms, argv[4]);
	struct load_result resumed = resume(&server, argv[1], token);
	double resume_cpu_ms = (sum(processor_ms, argv[4]) - resume_before) / RESUMED;

	printf("spnego_per_s=%.0f spnego_kept_per_s=%.0f peer_accept_per_s=%.0f of_peer=%.2f "
	       "cpu_ms=%.2f spnego_p50_ms=%.1f spnego_p99_ms=%.1f p99_ms=%.1f resume_per_s=%.0f "
	       "resume_cpu_ms=%.2f resume_p99_ms=%.1f idle_tls=%u rss_mb=%.0f\n",
	    alone.answered / alone.seconds, kept.answered / kept.seconds, peer,
	    alone.answered / alone.seconds / peer, cpu_ms, calm.p50_ms, calm.p99_ms,
	    MAX(asked.p99_ms, calm.p99_ms), resumed.answered / resumed.seconds, resume_cpu_ms,
	    resumed.p99_ms, held, mb);
	return alone.failed + kept.failed + asked.failed + calm.failed + resumed.failed ? 1 : 0;
}
