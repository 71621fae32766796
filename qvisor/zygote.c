/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/zygote.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/error.h"
#include "qvisor/launcher.h"
#include "qvisor/phone_table.h"
#include "qvisor/qemu_command.h"
#include "qvisor/rehearsal.h"
#include "qvisor/spare.h"
#include "qvisor/zygote_link.h"

#define QUIET_MS 500  /* since something was started, before one is made */
#define RETRY_MS 5000 /* when memory is short */
#define ASK_MS 100    /* QEMU needs a moment to see that nobody is connected any more */
#define ASK_TIMES 100
#define COPY_BLOCK (256 * 1024)

enum zygote_state {
	ZYGOTE_LOADING,
	ZYGOTE_REHEARSING, /* what a clone does first */
	ZYGOTE_STOPPING,
	ZYGOTE_READY
};

static const char *const state_names[] = {
    [ZYGOTE_LOADING] = "loading",
    [ZYGOTE_REHEARSING] = "rehearsing",
    [ZYGOTE_STOPPING] = "stopping",
    [ZYGOTE_READY] = "ready",
};

struct zygote {
	struct zygotes *zygotes;
	struct spare *spare;
	struct zygote_link *link;
	struct rehearsal *rehearsal;
	enum zygote_state state;
	guint timer;
	unsigned asked; /* how often, for what it waits for */
	unsigned forks;
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

static struct phone *phone_of(const struct zygote *zygote)
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
	phone_disconnect(phone_of(zygote)); /* whose answers are ours and the rehearsal's */
	rehearsal_free(zygote->rehearsal);
	zygote_link_free(zygote->link);
	g_free(zygote);
}

/* It is not made again for this template: what is wrong stays so. */
static void refuse(struct zygote *zygote, const GError *error)
{
	const struct template *template = phone_of(zygote)->template;
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
	    phone_of(zygote)->template_name, error->message);
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
		    phone_of(zygote)->template_name, (int)phone_of(zygote)->process->pid);
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
	phone_disconnect(phone_of(zygote));
	zygote->timer = g_timeout_add(ASK_MS, on_ask, zygote);
}

/* What its guest has said on its console its clones' have not. */
static void forget_console(struct zygote *zygote)
{
	JsonObject *console = qmp_one_member("device", "console");
	json_object_set_int_member(console, "size", QEMU_CONSOLE_SIZE);
	qmp_execute(phone_of(zygote)->qmp, "ringbuf-read", console, -1, QMP_DEADLINE_MS,
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
	struct template *template = phone_of(zygote)->template;
	g_clear_pointer(&zygote->rehearsal, rehearsal_free);
	if (!error) {
		zygote->state = ZYGOTE_STOPPING;
		zygote->asked = 0;
		qmp_execute(
		    phone_of(zygote)->qmp, "stop", NULL, -1, QMP_DEADLINE_MS, on_stopped, zygote);
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
	struct phone *phone = phone_of(zygote);
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
		if (phone_of(zygote)->template == template)
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
		if (!g_strcmp0(phone_of(zygote)->template_name, template_name))
			zygote_end(zygote);
	}
}

/* --- a fork --- */

bool zygote_has_network(const struct zygote *zygote)
{
	return phone_of(zygote)->has_network;
}

static bool copy_data(int from, int to, off_t begin, off_t end, uint8_t *block, GError **error)
{
	while (begin < end) {
		ssize_t n = pread(from, block, MIN(COPY_BLOCK, (size_t)(end - begin)), begin);
		if (n <= 0 || pwrite(to, block, (size_t)n, begin) != n)
			return qvmi_error_set_errno(
			    error, n == 0 ? EIO : errno, "cannot copy the disk");
		begin += n;
	}
	return true;
}

bool zygote_copy_disk(const struct zygote *zygote, const char *path, GError **error)
{
	g_autofree char *source = g_build_filename(phone_of(zygote)->folder, "overlay.qcow2", NULL);
	g_autofree uint8_t *block = g_malloc(COPY_BLOCK);
	if (!template_path(phone_of(zygote)->template, "disk"))
		return true;
	AUTO_FD from = open(source, O_RDONLY | O_CLOEXEC);
	AUTO_FD to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	off_t size = from < 0 ? -1 : lseek(from, 0, SEEK_END), begin, end = 0;
	bool done = to >= 0 && size >= 0 && !ftruncate(to, size);
	if (!done)
		qvmi_error_set_errno(error, errno, "cannot copy %s to %s", source, path);
	while (done && (begin = lseek(from, end, SEEK_DATA)) >= 0) {
		end = lseek(from, begin, SEEK_HOLE);
		done = copy_data(from, to, begin, end, block, error);
	}
	if (!done && to >= 0)
		unlink(path);
	return done;
}

struct fork {
	GCancellable *cancellable;
	struct zygote *zygote;
	char *uuid;
	void (*exited)(void *data, const char *how);
	platform_started_fn started;
	void *data;
};

/* In a jail it has its namespaces and its user, but its parent's limits, and no way to its disk but
 * the descriptor. */
static bool confine(const struct fork *fork, struct qemu_process *process, GError **error)
{
	const struct qemu_process *parent = phone_of(fork->zygote)->process;
	process->launcher = parent->launcher;
	process->limits = parent->limits;
	const struct launcher_forked forked = {.uuid = fork->uuid,
	    .parent = phone_of(fork->zygote)->uuid,
	    .limits = &process->limits,
	    .pidfd = process->pidfd};
	return !process->launcher || launcher_confine(process->launcher, &forked, error);
}

static void count_fork(struct zygote *zygote)
{
	if (++zygote->forks < ZYGOTE_FORKS_MAX)
		return;
	g_message("%u phones are forked from one QEMU: from another now", zygote->forks);
	zygote_end(zygote);
}

static void on_forked(void *data, pid_t pid, int pidfd, const GError *error)
{
	struct fork *fork = data;
	struct qemu_process *process = NULL;
	g_autoptr(GError) failure = NULL;
	bool cancelled = g_cancellable_is_cancelled(fork->cancellable);
	if (pid > 0)
		process = qemu_process_watch(pid, pidfd, fork->exited, fork->data);
	bool wanted = process && confine(fork, process, &failure) && !cancelled;
	if (process && !wanted)
		qemu_process_discard(process);
	if (!cancelled)
		fork->started(fork->data, wanted ? process : NULL, failure ? failure : error);
	if (process)
		count_fork(fork->zygote);
	g_object_unref(fork->cancellable);
	g_free(fork->uuid);
	g_free(fork);
}

static bool open_given(
    const struct zygote *zygote, const char *folder, int fds[static GIVEN_COUNT], GError **error)
{
	g_autofree char *disk = g_build_filename(folder, "overlay.qcow2", NULL);
	int files[QEMU_FILES];
	for (unsigned i = 0; i < GIVEN_COUNT; i++)
		fds[i] = -1;
	if (!qemu_process_open_files(folder, files, error))
		return false;
	fds[GIVEN_QMP] = files[QEMU_FILE_QMP];
	fds[GIVEN_AGENT] = files[QEMU_FILE_AGENT];
	fds[GIVEN_LOG] = files[QEMU_FILE_LOG];
	/* In a jail there is only what is given; its root is that of the one that it comes from. */
	bool has_folder = !phone_of(zygote)->process->launcher;
	if (has_folder)
		fds[GIVEN_FOLDER] = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	bool has_disk = template_path(phone_of(zygote)->template, "disk");
	if (has_disk)
		fds[GIVEN_DISK] = open(disk, O_RDWR | O_CLOEXEC);
	if ((!has_folder || fds[GIVEN_FOLDER] >= 0) && (!has_disk || fds[GIVEN_DISK] >= 0))
		return true;
	qvmi_error_set_errno(error, errno, "cannot open the disk in %s", folder);
	for (unsigned i = 0; i < GIVEN_COUNT; i++)
		fd_cleanup(&fds[i]);
	return false;
}

void zygote_fork(
    struct zygote *zygote, const struct platform_spawn *spawn, platform_started_fn started)
{
	g_autoptr(GError) error = NULL;
	int fds[GIVEN_COUNT];
	if (!open_given(zygote, spawn->folder, fds, &error)) {
		started(spawn->data, NULL, error);
		return;
	}
	struct fork *fork = g_new(struct fork, 1);
	*fork = (struct fork){.cancellable = g_object_ref(spawn->cancellable),
	    .zygote = zygote,
	    .uuid = g_strdup(spawn->uuid),
	    .exited = spawn->exited,
	    .started = started,
	    .data = spawn->data};
	zygote_link_fork(zygote->link, spawn->uuid, fds, on_forked, fork);
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
		const struct phone *phone = phone_of(zygote);
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
