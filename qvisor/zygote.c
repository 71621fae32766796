/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/zygote.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/error.h"
#include "qvisor/phone_table.h"
#include "qvisor/qemu_command.h"
#include "qvisor/zygote_private.h"

#define QUIET_MS 500  /* since something was started, before one is made */
#define RETRY_MS 5000 /* when memory is short */
#define ASK_MS 100    /* QEMU needs a moment to see that nobody is connected any more */
#define ASK_TIMES 100

static const char *const state_names[] = {
    [ZYGOTE_LOADING] = "loading",
    [ZYGOTE_REHEARSING] = "rehearsing",
    [ZYGOTE_STOPPING] = "stopping",
    [ZYGOTE_READY] = "ready",
};

struct zygotes {
	struct host *host;
	unsigned limit, warm_s;
	struct spares *owned;
	GPtrArray *list;         /* struct zygote *, the one wanted last at the end */
	struct template *wanted; /* one that has none yet; held by reference only */
	GHashTable *refused;     /* templates' keys, that cannot be forked here */
	GHashTable *untouched;   /* that are not as before when they have been touched */
	guint timer;
};

static void zygotes_schedule(struct zygotes *zygotes, unsigned delay_ms);

struct phone *zygote_phone(const struct zygote *zygote)
{
	return zygote->spare->phone;
}

static void zygote_end(struct zygote *zygote)
{
	spare_end(zygote->spare); /* on_prepared() frees it */
}

static void zygote_free(struct zygote *zygote)
{
	g_clear_handle_id(&zygote->timer, g_source_remove);
	phone_disconnect(zygote_phone(zygote)); /* whose answers are ours and the rehearsal's */
	rehearsal_free(zygote->rehearsal);
	zygote_link_free(zygote->link);
	g_free(zygote);
}

/* It is not made again for this template: what is wrong stays so. */
static void refuse(struct zygote *zygote, const GError *error)
{
	const struct template *template = zygote_phone(zygote)->template;
	g_warning("clones of \"%s\" load their state, they cannot be forked: %s", template->name,
	    error->message);
	g_hash_table_add(zygote->zygotes->refused, g_strdup(template->key));
	zygote_end(zygote);
}

/* --- making one --- */

static void on_lost(void *data, const GError *error)
{
	struct zygote *zygote = data;
	g_warning("the QEMU that clones of \"%s\" are forked from: %s",
	    zygote_phone(zygote)->template_name, error->message);
	zygote_end(zygote);
}

static gboolean on_ask(void *data);

static void on_asked(void *data, pid_t pid, int pidfd, const GError *error)
{
	(void)pid, (void)pidfd;
	struct zygote *zygote = data;
	if (error && g_error_matches(error, QVMI_ERROR, QVMI_ERROR_CANCELLED))
		return;
	if (!error) {
		zygote->state = ZYGOTE_READY;
		g_message("clones of \"%s\" are forked from pid %d now",
		    zygote_phone(zygote)->template_name, (int)zygote_phone(zygote)->process->pid);
	} else if (++zygote->asked == ASK_TIMES) {
		refuse(zygote, error);
	} else {
		zygote->timer = g_timeout_add(ASK_MS, on_ask, zygote);
	}
}

static gboolean on_ask(void *data)
{
	struct zygote *zygote = data;
	zygote->timer = 0;
	zygote_link_ask(zygote->link, on_asked, zygote);
	return G_SOURCE_REMOVE;
}

static void on_console_empty(void *data, JsonNode *result, const GError *error)
{
	(void)result;
	struct zygote *zygote = data;
	if (error && g_error_matches(error, QVMI_ERROR, QVMI_ERROR_CANCELLED))
		return;
	/* A connection cannot be handed on to a child. */
	phone_disconnect(zygote_phone(zygote));
	zygote->timer = g_timeout_add(ASK_MS, on_ask, zygote);
}

/* What its guest has said on its console its clones' have not. */
static void forget_console(struct zygote *zygote)
{
	JsonObject *console = qmp_one_member("device", "console");
	json_object_set_int_member(console, "size", QEMU_CONSOLE_SIZE);
	qmp_execute(zygote_phone(zygote)->qmp, "ringbuf-read", console, -1, QMP_DEADLINE_MS,
	    on_console_empty, zygote);
}

static void on_stopped(void *data, JsonNode *result, const GError *error)
{
	(void)result;
	struct zygote *zygote = data;
	if (error && g_error_matches(error, QVMI_ERROR, QVMI_ERROR_CANCELLED))
		return;
	if (error) {
		refuse(zygote, error);
		return;
	}
	forget_console(zygote);
}

static void on_rehearsed(void *data, const GError *error)
{
	struct zygote *zygote = data;
	struct zygotes *zygotes = zygote->zygotes;
	struct template *template = zygote_phone(zygote)->template;
	g_clear_pointer(&zygote->rehearsal, rehearsal_free);
	if (!error) {
		zygote->state = ZYGOTE_STOPPING;
		zygote->asked = 0;
		qmp_execute(zygote_phone(zygote)->qmp, "stop", NULL, -1, QMP_DEADLINE_MS,
		    on_stopped, zygote);
	} else if (!g_hash_table_add(zygotes->untouched, g_strdup(template->key))) {
		refuse(zygote, error);
	} else {
		g_warning("clones of \"%s\" are forked from one that is not touched before: %s",
		    template->name, error->message);
		AUTO(template) again = template_ref(template);
		zygote_end(zygote);
		zygotes_want(zygotes, again);
	}
}

static void on_running(void *data, JsonNode *result, const GError *error)
{
	(void)result;
	struct zygote *zygote = data;
	const struct zygotes *zygotes = zygote->zygotes;
	struct phone *phone = zygote_phone(zygote);
	if (error)
		return; /* it is ending */
	bool touch = !g_hash_table_contains(zygotes->untouched, phone->template->key);
	zygote->rehearsal = rehearsal_new(phone, touch, zygotes->warm_s, on_rehearsed, zygote);
}

static void on_prepared(void *data, struct spare *spare, const GError *error)
{
	struct zygotes *zygotes = data;
	struct zygote *zygote = NULL;
	for (unsigned i = 0; i < zygotes->list->len; i++)
		if (((struct zygote *)g_ptr_array_index(zygotes->list, i))->spare == spare)
			zygote = g_ptr_array_index(zygotes->list, i);
	if (!error) {
		zygote->state = ZYGOTE_REHEARSING;
		zygote_link_set_launcher(zygote->link, spare->phone->process->launcher);
		qmp_execute(
		    spare->phone->qmp, "cont", NULL, -1, QMP_DEADLINE_MS, on_running, zygote);
		return;
	}
	if (!g_error_matches(error, QVMI_ERROR, QVMI_ERROR_CANCELLED)) {
		g_warning("a QEMU to fork clones from: %s", error->message);
		g_hash_table_add(zygotes->refused, g_strdup(spare->phone->template->key));
	}
	g_ptr_array_remove(zygotes->list, zygote);
	zygote_free(zygote);
}

static void make_one(struct zygotes *zygotes, struct template *template)
{
	g_autoptr(GError) error = NULL;
	int pair[2];
	struct spare *spare = spare_new(zygotes->owned, template, &error);
	if (!spare) {
		g_warning("a QEMU to fork clones from: %s", error->message);
		return;
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		g_error("socketpair(2): %s", g_strerror(errno));
	struct zygote *zygote = g_new0(struct zygote, 1);
	*zygote = (struct zygote){.zygotes = zygotes, .spare = spare};
	zygote->link = zygote_link_new(pair[0], on_lost, zygote);
	g_ptr_array_add(zygotes->list, zygote);
	spare_prepare(spare, pair[1]);
}

/* --- when to make one --- */

static struct zygote *find(const struct zygotes *zygotes, const struct template *template)
{
	for (unsigned i = 0; i < zygotes->list->len; i++) {
		struct zygote *zygote = g_ptr_array_index(zygotes->list, i);
		if (zygote_phone(zygote)->template == template)
			return zygote;
	}
	return NULL;
}

static bool memory_is_there(const struct zygotes *zygotes)
{
	uint64_t one = phone_memory_estimate_mib(zygotes->wanted->manifest);
	return host_memory_available_mib() > zygotes->host->memory_reserve_mib + 2 * one;
}

/* The oldest makes room, if it must. */
static gboolean on_timer(void *data)
{
	struct zygotes *zygotes = data;
	zygotes->timer = 0;
	if (phone_table_starts(zygotes->host->phones)) {
		zygotes_schedule(zygotes, QUIET_MS);
	} else if (!memory_is_there(zygotes)) {
		zygotes_schedule(zygotes, RETRY_MS);
	} else {
		struct template *template = g_steal_pointer(&zygotes->wanted);
		if (zygotes->list->len >= zygotes->limit)
			zygote_end(g_ptr_array_index(zygotes->list, 0));
		make_one(zygotes, template);
		template_free(template);
	}
	return G_SOURCE_REMOVE;
}

static void zygotes_schedule(struct zygotes *zygotes, unsigned delay_ms)
{
	g_clear_handle_id(&zygotes->timer, g_source_remove);
	zygotes->timer = g_timeout_add(delay_ms, on_timer, zygotes);
}

static bool can_be_forked(const struct zygotes *zygotes, const struct template *template)
{
	const struct emulator emulator =
	    host_emulator(zygotes->host, template->manifest->architecture);
	return !strcmp(emulator.accelerator, "tcg") &&
	       template->manifest->kind != MANIFEST_ANDROID &&
	       !g_hash_table_contains(zygotes->refused, template->key);
}

void zygotes_want(struct zygotes *zygotes, struct template *template)
{
	struct zygote *zygote = find(zygotes, template);
	if (zygote) {
		g_ptr_array_remove(zygotes->list, zygote);
		g_ptr_array_add(zygotes->list, zygote);
	} else if (zygotes->limit && can_be_forked(zygotes, template)) {
		template_free(zygotes->wanted);
		zygotes->wanted = template_ref(template);
		zygotes_schedule(zygotes, QUIET_MS);
	}
}

struct zygote *zygotes_find(const struct zygotes *zygotes, const struct template *template)
{
	struct zygote *zygote = zygotes ? find(zygotes, template) : NULL;
	return zygote && zygote->state == ZYGOTE_READY ? zygote : NULL;
}

void zygotes_drop(struct zygotes *zygotes, const char *template_name)
{
	if (!zygotes)
		return;
	if (zygotes->wanted && !g_strcmp0(zygotes->wanted->name, template_name)) {
		g_clear_handle_id(&zygotes->timer, g_source_remove);
		g_clear_pointer(&zygotes->wanted, template_free);
	}
	for (unsigned i = zygotes->list->len; i-- > 0;) {
		struct zygote *zygote = g_ptr_array_index(zygotes->list, i);
		if (!g_strcmp0(zygote_phone(zygote)->template_name, template_name))
			zygote_end(zygote);
	}
}

bool zygote_has_network(const struct zygote *zygote)
{
	return zygote_phone(zygote)->has_network;
}

void zygote_count(struct zygote *zygote)
{
	if (++zygote->forks < ZYGOTE_FORKS_MAX)
		return;
	g_message("%u phones are forked from one QEMU: from another now", zygote->forks);
	zygote_end(zygote);
}

/* --- */

struct zygotes *zygotes_new(struct host *host, unsigned limit, unsigned warm_s)
{
	struct zygotes *zygotes = g_new0(struct zygotes, 1);
	g_autofree char *library = zygote_library();
	zygotes->host = host;
	zygotes->limit = host->platform->may_fork && library ? limit : 0;
	zygotes->warm_s = warm_s;
	zygotes->owned = spares_new(host, on_prepared, zygotes);
	zygotes->list = g_ptr_array_new();
	zygotes->refused = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	zygotes->untouched = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	return zygotes;
}

void zygotes_free(struct zygotes *zygotes)
{
	if (!zygotes)
		return;
	while (zygotes->list->len)
		zygote_end(g_ptr_array_index(zygotes->list, 0));
	g_clear_handle_id(&zygotes->timer, g_source_remove);
	template_free(zygotes->wanted);
	spares_free(zygotes->owned);
	g_ptr_array_unref(zygotes->list);
	g_hash_table_unref(zygotes->refused);
	g_hash_table_unref(zygotes->untouched);
	g_free(zygotes);
}

JsonObject *zygotes_json(const struct zygotes *zygotes)
{
	JsonObject *object = json_object_new();
	JsonArray *list = json_array_new();
	for (unsigned i = 0; i < zygotes->list->len; i++) {
		const struct zygote *zygote = g_ptr_array_index(zygotes->list, i);
		const struct phone *phone = zygote_phone(zygote);
		JsonObject *one = json_object_new();
		json_object_set_string_member(one, "template", phone->template_name);
		json_object_set_string_member(one, "uuid", phone->uuid);
		if (phone->process)
			json_object_set_int_member(one, "pid", phone->process->pid);
		json_object_set_string_member(one, "state",
		    zygote->rehearsal ? rehearsal_state(zygote->rehearsal)
		                      : state_names[zygote->state]);
		json_object_set_int_member(one, "forks", zygote->forks);
		json_array_add_object_element(list, one);
	}
	json_object_set_int_member(object, "limit", zygotes->limit);
	json_object_set_array_member(object, "zygotes", list);
	return object;
}
