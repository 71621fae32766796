/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/broker/load.h"

#include <curl/curl.h>
#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <stdlib.h>

#define TIMEOUT_S 30

struct crowd {
	const struct load_server *server;
	const struct load_request *requests;
	unsigned n;
	gint next;
	double *ms; /* of each; negative: failed */
};

static size_t ignore(char *bytes, size_t size, size_t n, void *data)
{
	(void)bytes;
	(void)data;
	return size * n;
}

static double ask(CURL *curl, const struct load_server *server, const struct load_request *request)
{
	g_autofree char *url = g_strconcat(server->url, request->path, NULL);
	struct curl_slist *headers = curl_slist_append(NULL, request->header);
	long status = 0;

	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	if (request->body)
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body);
	curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, (long)request->alone);
	curl_easy_setopt(curl, CURLOPT_FORBID_REUSE, (long)request->alone);
	int64_t begun = g_get_monotonic_time();
	CURLcode code = curl_easy_perform(curl);
	double ms = (double)(g_get_monotonic_time() - begun) / 1000;

	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	curl_slist_free_all(headers);
	return code == CURLE_OK && status == 200 ? ms : -1;
}

static void *terminal(void *data)
{
	struct crowd *crowd = data;
	CURL *curl = curl_easy_init();

	curl_easy_setopt(curl, CURLOPT_CAINFO, crowd->server->ca_file);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, ignore);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)TIMEOUT_S);
	for (;;) {
		unsigned i = (unsigned)g_atomic_int_add(&crowd->next, 1);

		if (i >= crowd->n)
			break;
		crowd->ms[i] = ask(curl, crowd->server, &crowd->requests[i]);
	}
	curl_easy_cleanup(curl);
	return NULL;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Nearest rank among the answered, which follow the failed. */
static double percentile(const double *ms, unsigned failed, unsigned answered, unsigned p)
{
	return answered ? ms[failed + (answered * p + 99) / 100 - 1] : 0;
}

struct load_result load_run(const struct load_server *server, const struct load_request *requests,
    unsigned n, unsigned threads)
{
	g_autofree double *ms = g_new0(double, n);
	g_autofree GThread **crew = g_new0(GThread *, threads);
	struct crowd crowd = {.server = server, .requests = requests, .n = n, .ms = ms};
	struct load_result result = {0};
	int64_t begun = g_get_monotonic_time();

	for (unsigned i = 0; i < threads; i++)
		crew[i] = g_thread_new("terminal", terminal, &crowd);
	for (unsigned i = 0; i < threads; i++)
		g_thread_join(crew[i]);
	result.seconds = (double)(g_get_monotonic_time() - begun) / G_USEC_PER_SEC;
	qsort(ms, n, sizeof(*ms), compare);
	while (result.failed < n && ms[result.failed] < 0)
		result.failed++;
	result.answered = n - result.failed;
	result.p50_ms = percentile(ms, result.failed, result.answered, 50);
	result.p99_ms = percentile(ms, result.failed, result.answered, 99);
	return result;
}

unsigned load_hold(const char *host, const char *port, unsigned n)
{
	/* Held by a host that is known already: the certificate is not looked at. */
	SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
	g_autofree char *where = g_strconcat(host, ":", port, NULL);
	unsigned held = 0;

	for (; held < n; held++) {
		BIO *bio = BIO_new_ssl_connect(tls);

		BIO_set_conn_hostname(bio, where);
		if (BIO_do_handshake(bio) <= 0) {
			BIO_free_all(bio);
			break;
		}
	}
	return held; /* the kernel closes them */
}
