/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qvmi audit: do the invariants hold? */
#include "common/error.h"
#include "common/json.h"
#include "console/audit.h"
#include "console/cmd_audit_log.h"
#include "console/nouns.h"
#include "console/output.h"
#include "console/up_layout.h"

/* What is seen while things happen may be passing: three looks have to agree. */
#define LOOKS 3
#define PAUSE_MS 1000

static const char *const invariants[AUDIT_LAST + 1] = {
    [AUDIT_I1] = "what runs is what the records say runs",
    [AUDIT_I2] = "one live lease a phone and a user, pool and slot, one phone a volume",
    [AUDIT_I3] = "what was acknowledged is recorded, and one key never yields two",
    [AUDIT_I4] = "nothing is left over",
    [AUDIT_I5] = "the audit chain verifies",
    [AUDIT_I6] = "no phone is gone without an order",
};

static void check_log(struct cli *cli, struct audit *audit)
{
	g_autoptr(GError) error = NULL;
	AUTO(audit_log_check) check = cmd_audit_check(cli, true, &error);

	if (!check) {
		audit_unchecked(audit, AUDIT_I5, "%s", error->message);
		return;
	}
	audit->checked[AUDIT_I5] += (unsigned)check->records;
	for (unsigned i = 0; i < check->broken->len; i++)
		audit_broken(audit, AUDIT_I5, "%s", (char *)check->broken->pdata[i]);
}

static struct audit *look(struct cli *cli, GPtrArray *hosts, GError **error)
{
	AUTO(audit) audit = audit_new();
	struct http_client *pool = NULL;

	audit_hosts_ask(hosts);
	for (unsigned i = 0; i < hosts->len; i++)
		if (!((struct audit_host *)hosts->pdata[i])->error)
			audit_host(audit, hosts->pdata[i]);
	audit_hosts(audit, hosts);
	/* With files' names only those hosts are meant. */
	if (cli_option(cli, "config")) {
		audit_unchecked(audit, AUDIT_I5, "--config: without the broker's records");
		audit_unchecked(audit, AUDIT_I2, "--config: without the pool's records");
		audit_unchecked(audit, AUDIT_I6, "--config: without the pool's records");
		return g_steal_pointer(&audit);
	}
	check_log(cli, audit);
	pool = cli_pool(cli, error);
	return pool && audit_pool(audit, pool, error) ? g_steal_pointer(&audit) : NULL;
}

static JsonArray *strings(GPtrArray *texts)
{
	JsonArray *array = json_array_new();

	for (unsigned i = 0; i < texts->len; i++)
		json_array_add_string_element(array, texts->pdata[i]);
	return array;
}

static JsonNode *report(const struct audit *audit)
{
	JsonArray *list = json_array_new();
	JsonObject *root = json_object_new();

	for (unsigned i = 1; i <= AUDIT_LAST; i++) {
		JsonObject *one = json_object_new();
		g_autofree char *name = g_strdup_printf("I%u", i);
		const char *result = audit->broken[i]->len      ? "broken"
		                     : audit->checked[i]        ? "holds"
		                     : audit->unchecked[i]->len ? "not checked"
		                                                : "holds";
		json_object_set_string_member(one, "invariant", name);
		json_object_set_string_member(one, "says", invariants[i]);
		json_object_set_string_member(one, "result", result);
		json_object_set_int_member(one, "looked_at", audit->checked[i]);
		json_object_set_array_member(one, "broken", strings(audit->broken[i]));
		json_object_set_array_member(one, "not_checked", strings(audit->unchecked[i]));
		json_array_add_object_element(list, one);
	}
	json_object_set_array_member(root, "invariants", list);
	return json_node_of(root);
}

static GPtrArray *find_hosts(struct cli *cli, GError **error)
{
	const char *state = cli_option(cli, "up"), *files = cli_option(cli, "config");
	AUTO(up_layout) layout = up_layout_new(state ? state : g_getenv("QVMI_STATE"), NULL);
	g_autofree char *own = up_layout_state_file(layout, "etc/qvisord.conf");
	g_auto(GStrv) names = g_strsplit(files ? files : own, files ? "," : "\n", -1);
	g_autoptr(GPtrArray) hosts =
	    g_ptr_array_new_with_free_func((GDestroyNotify)audit_host_free);

	if (cli_option(cli, "server")) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "an audit reads folders and processes: run it on the host, without --server");
		return NULL;
	}
	for (unsigned i = 0; names[i]; i++) {
		struct audit_host *host = audit_host_load(names[i], error);
		if (!host)
			return NULL;
		g_ptr_array_add(hosts, host);
	}
	return g_steal_pointer(&hosts);
}

/* A host that does not answer is none that is in order. */
static bool check_answers(GPtrArray *hosts, GError **error)
{
	for (unsigned i = 0; i < hosts->len; i++) {
		const struct audit_host *host = hosts->pdata[i];
		if (host->error) {
			g_propagate_error(error, g_error_copy(host->error));
			return false;
		}
	}
	return true;
}

static bool run(struct cli *cli, GError **error)
{
	static const struct output_column columns[] = {{"", "invariant"}, {"", "says"},
	    {"RESULT", "result"}, {"LOOKED AT", "looked_at"}, {"BROKEN", "broken"},
	    {"NOT CHECKED", "not_checked"}, {0}};
	g_autoptr(GPtrArray) hosts = find_hosts(cli, error);
	AUTO(audit) audit = hosts ? look(cli, hosts, error) : NULL;

	for (unsigned i = 1; audit && i < LOOKS && !audit_holds(audit); i++) {
		g_usleep(PAUSE_MS * 1000);
		AUTO(audit) again = look(cli, hosts, error);
		if (again)
			audit_confirm(audit, again);
		else
			g_clear_pointer(&audit, audit_free);
	}
	if (!audit)
		return false;
	g_autoptr(JsonNode) node = report(audit);
	output_list(cli, node, "invariants", columns);
	if (audit_holds(audit))
		return check_answers(hosts, error);
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_CORRUPT, "an invariant does not hold");
	return false;
}

static const struct cli_option options[] = {
    {"config", "FILE[,FILE...]", "Only these hosts, by their qvisords' configurations"},
    {0},
};

static const struct cli_option log_options[] = {
    {"who", "USER", "Who did it"},
    {"action", "TEXT", "What, as the log says it: \"POST /v1/users\""},
    {"target", "NAME", "To whom or what"},
    {"outcome", "WORD", "asked, done, refused or failed"},
    {"since", "TIME", "From then on: 2026-11-22T08:00:00Z"},
    {"before", "RECORD", "Only records before this one: the next page"},
    {"limit", "N", "So many, the newest first (default: 100)"},
    {0},
};

static const struct cli_option verify_options[] = {
    {"heads", "FILE", "Signed heads (audit-heads of the broker, kept elsewhere)"},
    {"key", "FILE", "The public key that signed them: grant.pub"},
    {0},
};

const struct cli_verb audit_verbs[] = {
    {"log", "", 0, 0, "Who did what, when, from where, and what became of it.", log_options,
        cmd_audit_log},
    {"verify", "", 0, 0, "Has a record of that been altered, removed or put in?", verify_options,
        cmd_audit_verify},
    {NULL, "", 0, 0, "Checks, from outside and without changing anything, what must always hold.",
        options, run},
    {0},
};
