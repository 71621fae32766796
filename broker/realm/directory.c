/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/realm/directory.h"

#include <sasl/sasl.h>
#include <string.h>

#include "common/error.h"

#define PAGE 100
#define LEAST_MS 200

struct directory {
	const struct realm_options *options;
	char **servers;
	unsigned n_servers, current;
	LDAP *ldap; /* NULL: not connected */
	gint64 end;
};

/* The words of a text with spaces between them, however many. */
static char **split(const char *text)
{
	g_auto(GStrv) parts = g_strsplit_set(text, " ,", -1);
	g_autoptr(GStrvBuilder) words = g_strv_builder_new();
	for (char **part = parts; *part; part++)
		if (**part)
			g_strv_builder_add(words, *part);
	return g_strv_builder_end(words);
}

struct directory *directory_new(const struct realm_options *options)
{
	struct directory *directory = g_new0(struct directory, 1);
	directory->options = options;
	directory->servers = split(options->servers);
	directory->n_servers = g_strv_length(directory->servers);
	if (options->first && directory->n_servers)
		directory->current =
		    (unsigned)(g_ascii_strtoull(options->first, NULL, 10) % directory->n_servers);
	return directory;
}

static void disconnect(struct directory *directory)
{
	if (directory->ldap)
		ldap_unbind_ext_s(directory->ldap, NULL, NULL);
	directory->ldap = NULL;
}

void directory_free(struct directory *directory)
{
	if (!directory)
		return;
	disconnect(directory);
	g_strfreev(directory->servers);
	g_free(directory);
}

void directory_set_end(struct directory *directory, gint64 end)
{
	directory->end = end;
}

static void try_next(struct directory *directory)
{
	if (directory->n_servers)
		directory->current = (directory->current + 1) % directory->n_servers;
}

/* A share of the time that is left: a server that hangs must leave some for the next. */
static struct timeval share(const struct directory *directory, unsigned parts)
{
	gint64 left_ms = (directory->end - g_get_monotonic_time()) / 1000 / (gint64)MAX(parts, 1);
	gint64 ms = MAX(left_ms, LEAST_MS);
	return (struct timeval){.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
}

static bool ldap_failed(LDAP *ldap, int code, const char *doing, GError **error)
{
	char *more = NULL;
	if (ldap)
		ldap_get_option(ldap, LDAP_OPT_DIAGNOSTIC_MESSAGE, &more);
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE, "%s: %s%s%s", doing,
	    ldap_err2string(code), more && *more ? ": " : "", more ? more : "");
	ldap_memfree(more);
	return false;
}

static bool set_options(struct directory *directory, LDAP *ldap, unsigned parts)
{
	const int version = LDAP_VERSION3, demand = LDAP_OPT_X_TLS_DEMAND, as_server = 0;
	const struct timeval time = share(directory, parts);
	return ldap_set_option(ldap, LDAP_OPT_PROTOCOL_VERSION, &version) == 0 &&
	       ldap_set_option(ldap, LDAP_OPT_REFERRALS, LDAP_OPT_OFF) == 0 &&
	       ldap_set_option(ldap, LDAP_OPT_NETWORK_TIMEOUT, &time) == 0 &&
	       ldap_set_option(ldap, LDAP_OPT_TIMEOUT, &time) == 0 &&
	       ldap_set_option(ldap, LDAP_OPT_X_TLS_REQUIRE_CERT, &demand) == 0 &&
	       (!directory->options->ca ||
	           ldap_set_option(ldap, LDAP_OPT_X_TLS_CACERTFILE, directory->options->ca) == 0) &&
	       ldap_set_option(ldap, LDAP_OPT_X_TLS_NEWCTX, &as_server) == 0 &&
	       /* The name as configured, not what a resolver makes of it; and TLS protects already.
	        */
	       ldap_set_option(ldap, LDAP_OPT_X_SASL_NOCANON, LDAP_OPT_ON) == 0 &&
	       ldap_set_option(ldap, LDAP_OPT_X_SASL_SECPROPS, "maxssf=0") == 0;
}

/* GSSAPI asks for names that the ticket has anyway: the defaults. */
static int interact(LDAP *ldap, unsigned flags, void *defaults, void *questions)
{
	(void)ldap;
	(void)flags;
	(void)defaults;
	for (sasl_interact_t *q = questions; q->id != SASL_CB_LIST_END; q++) {
		q->result = q->defresult ? q->defresult : "";
		q->len = (unsigned)strlen(q->result);
	}
	return LDAP_SUCCESS;
}

static bool bind_simple(struct directory *directory, LDAP *ldap, GError **error)
{
	g_autofree char *password = NULL;
	gsize n;
	if (!g_file_get_contents(directory->options->bind_password, &password, &n, error))
		return false;
	g_strchomp(password);
	struct berval secret = {.bv_len = strlen(password), .bv_val = password};
	/* RFC 4513 5.1.2: without a password it would be an anonymous bind that succeeds. */
	int code = secret.bv_len ? ldap_sasl_bind_s(ldap, directory->options->bind_dn,
	                               LDAP_SASL_SIMPLE, &secret, NULL, NULL, NULL)
	                         : LDAP_INVALID_CREDENTIALS;
	explicit_bzero(password, n);
	return code == LDAP_SUCCESS ||
	       ldap_failed(ldap, code, "the bind of our service account", error);
}

static bool authenticate(struct directory *directory, LDAP *ldap, GError **error)
{
	if (g_str_equal(directory->options->bind, "simple"))
		return bind_simple(directory, ldap, error);
	int code = ldap_sasl_interactive_bind_s(
	    ldap, NULL, "GSSAPI", NULL, NULL, LDAP_SASL_QUIET, interact, NULL);
	return code == LDAP_SUCCESS || ldap_failed(ldap, code, "the bind by our keytab", error);
}

static bool connect_to(
    struct directory *directory, const char *server, unsigned parts, GError **error)
{
	LDAP *ldap = NULL;
	int code = ldap_initialize(&ldap, server);
	bool connected = false;
	if (code != LDAP_SUCCESS || !set_options(directory, ldap, parts))
		ldap_failed(ldap, code, "preparing the connection", error);
	else if (!g_str_has_prefix(server, "ldaps://") &&
	         (code = ldap_start_tls_s(ldap, NULL, NULL)) != LDAP_SUCCESS)
		ldap_failed(ldap, code, "StartTLS", error);
	else
		connected = authenticate(directory, ldap, error);
	if (connected)
		directory->ldap = ldap;
	else if (ldap)
		ldap_unbind_ext_s(ldap, NULL, NULL);
	g_prefix_error(error, "%s: ", server);
	return connected;
}

static bool connect_any(struct directory *directory, GError **error)
{
	g_autoptr(GString) failures = g_string_new(NULL);
	for (unsigned i = 0; i < directory->n_servers; i++) {
		g_autoptr(GError) failure = NULL;
		const char *server = directory->servers[directory->current];
		if (connect_to(directory, server, directory->n_servers - i + 1, &failure))
			return true;
		g_string_append_printf(failures, "%s%s", i ? "; " : "", failure->message);
		try_next(directory);
	}
	g_set_error_literal(error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE, failures->str);
	return false;
}

/* One search, as long as its pages last. */
struct search {
	const char *base, *filter;
	const char *const *attributes;
	unsigned max, found;
	directory_entry_fn each;
	void *data;
	struct berval cookie;
};

static bool take_entries(
    struct directory *directory, struct search *search, LDAPMessage *result, GError **error)
{
	for (LDAPMessage *entry = ldap_first_entry(directory->ldap, result); entry;
	     entry = ldap_next_entry(directory->ldap, entry)) {
		if (++search->found > search->max) {
			g_set_error(error, QVMI_ERROR, QVMI_ERROR_EXHAUSTED,
			    "more than %u entries match %s", search->max, search->filter);
			return false;
		}
		if (!search->each(directory->ldap, entry, search->data, error))
			return false;
	}
	return true;
}

static bool take_cookie(LDAP *ldap, struct search *search, LDAPMessage *result, GError **error)
{
	LDAPControl **controls = NULL;
	ber_int_t estimate;
	int outcome = LDAP_SUCCESS;
	int code = ldap_parse_result(ldap, result, &outcome, NULL, NULL, NULL, &controls, 0);
	LDAPControl *page =
	    code == 0 ? ldap_control_find(LDAP_CONTROL_PAGEDRESULTS, controls, NULL) : NULL;
	ber_memfree(search->cookie.bv_val);
	search->cookie = (struct berval){0};
	if (page)
		code = ldap_parse_pageresponse_control(ldap, page, &estimate, &search->cookie);
	ldap_controls_free(controls);
	if (code == LDAP_SUCCESS && outcome == LDAP_SUCCESS)
		return true;
	return ldap_failed(ldap, code ? code : outcome, "the search's result", error);
}

/* *code: libldap's, to tell a lost connection. */
static bool search_page(
    struct directory *directory, struct search *search, int *code, GError **error)
{
	LDAPControl *page = NULL, *controls[2] = {NULL, NULL};
	LDAPMessage *result = NULL;
	struct timeval time = share(directory, 2);
	*code = ldap_create_page_control(directory->ldap, PAGE, &search->cookie, 1, &page);
	controls[0] = page;
	if (*code == LDAP_SUCCESS)
		*code = ldap_search_ext_s(directory->ldap, search->base, LDAP_SCOPE_SUBTREE,
		    search->filter, (char **)search->attributes, 0, controls, NULL, &time, 0,
		    &result);
	ldap_control_free(page);
	bool done = *code == LDAP_SUCCESS
	                ? take_entries(directory, search, result, error) &&
	                      take_cookie(directory->ldap, search, result, error)
	                : ldap_failed(directory->ldap, *code, "the search", error);
	ldap_msgfree(result);
	return done;
}

static bool is_lost(int code)
{
	return code == LDAP_SERVER_DOWN || code == LDAP_TIMEOUT || code == LDAP_CONNECT_ERROR ||
	       code == LDAP_UNAVAILABLE || code == LDAP_BUSY;
}

/* An idle connection that the server has closed is no failure: once more on a new one. */
static bool search_first(
    struct directory *directory, struct search *search, bool fresh, GError **error)
{
	g_autoptr(GError) failure = NULL;
	int code;
	if (search_page(directory, search, &code, &failure))
		return true;
	if (is_lost(code)) {
		disconnect(directory);
		if (code != LDAP_SERVER_DOWN)
			try_next(directory);
		if (!fresh)
			return connect_any(directory, error) &&
			       search_first(directory, search, true, error);
	}
	g_propagate_error(error, g_steal_pointer(&failure));
	return false;
}

bool directory_search(struct directory *directory, const char *base, const char *filter,
    const char *const *attributes, unsigned max, directory_entry_fn each, void *data,
    GError **error)
{
	struct search search = {.base = base,
	    .filter = filter,
	    .attributes = attributes,
	    .max = max,
	    .each = each,
	    .data = data};
	bool fresh = directory->ldap == NULL;
	int code;
	bool done = (directory->ldap || connect_any(directory, error)) &&
	            search_first(directory, &search, fresh, error);
	while (done && search.cookie.bv_len)
		done = search_page(directory, &search, &code, error);
	ber_memfree(search.cookie.bv_val);
	/* What is left of it may still come: the next search begins anew. */
	if (!done)
		disconnect(directory);
	return done;
}
