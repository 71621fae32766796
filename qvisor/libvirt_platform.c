/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/libvirt_platform.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/error.h"
#include "common/process.h"
#include "qvisor/folder_socket.h"
#include "qvisor/libvirt_connection.h"
#include "qvisor/libvirt_domain.h"

#define STARTS                                                                                     \
	4 /* at once; libvirt's daemon takes five calls of a client (max_client_requests)          \
	   */
#define ENDS 4
#define GRACE_MS 1000 /* libvirt gives QEMU ten seconds; the phone's owner has waited already */
#define SWEEP_S 30

struct libvirt_platform {
	struct platform platform;
	char *prefix; /* of the names of our phones' domains */
	struct libvirt_connection *connection;
	GThreadPool *starts, *ends;
	guint timer; /* of the next sweep */
	platform_known_fn known;
	void *known_data;
};

/* What a thread is to do. */
struct job {
	void (*run)(struct libvirt_platform *libvirt, void *data);
	void *data;
};

static void run_job(void *pointer, void *data)
{
	g_autofree struct job *job = pointer;
	job->run(data, job->data);
}

static void push(
    GThreadPool *pool, void (*run)(struct libvirt_platform *libvirt, void *data), void *data)
{
	struct job *job = g_new(struct job, 1);
	*job = (struct job){run, data};
	g_thread_pool_push(pool, job, NULL);
}

/* From a thread; `function` runs in the main loop. Not g_main_context_invoke(): where the loop does
 * not run, that calls from here. */
static void tell(GSourceFunc function, void *data)
{
	g_idle_add_full(G_PRIORITY_DEFAULT, function, data, NULL);
}

static struct libvirt_platform *libvirt_of(struct platform *platform)
{
	return (struct libvirt_platform *)platform; /* its first member */
}

/* --- end --- */

struct ending {
	char *uuid;
	int pidfd; /* -1: not known */
};

static bool is_gone(int pidfd)
{
	struct pollfd process = {.fd = pidfd, .events = POLLIN};
	return pidfd >= 0 && poll(&process, 1, 0) > 0;
}

static void end_in_thread(struct libvirt_platform *libvirt, void *data)
{
	g_autofree struct ending *ending = data;
	g_autofree char *uuid = ending->uuid;
	AUTO_FD pidfd = ending->pidfd;
	g_autoptr(GError) error = NULL;
	/* Gone by itself, the next domain of that uuid may be there already. */
	if (!is_gone(pidfd) && !libvirt_connection_destroy(libvirt->connection, uuid, &error) &&
	    !g_error_matches(error, QVMI_ERROR, QVMI_ERROR_NOT_FOUND))
		g_warning("the domain %s: %s", uuid, error->message);
}

static void end_domain(struct libvirt_platform *libvirt, const char *uuid, int pidfd)
{
	struct ending *ending = g_new(struct ending, 1);
	*ending =
	    (struct ending){g_strdup(uuid), pidfd < 0 ? -1 : fcntl(pidfd, F_DUPFD_CLOEXEC, 0)};
	push(libvirt->ends, end_in_thread, ending);
}

static gboolean on_grace_over(void *data)
{
	AUTO_FD pidfd = GPOINTER_TO_INT(data);
	pidfd_send_signal(pidfd, SIGKILL, NULL, 0);
	return G_SOURCE_REMOVE;
}

/* libvirt is told first, so that it knows that the end is wanted. */
static void kill_process(struct qemu_process *process)
{
	int pidfd = fcntl(process->pidfd, F_DUPFD_CLOEXEC, 0);
	end_domain(libvirt_of(process->platform), process->uuid, process->pidfd);
	if (pidfd >= 0)
		g_timeout_add(GRACE_MS, on_grace_over, GINT_TO_POINTER(pidfd));
}

static void end(struct platform *platform, const char *uuid, pid_t pid, uint64_t start_time)
{
	AUTO_FD pidfd = pid > 0 ? pidfd_open(pid, 0) : -1;
	if (pidfd < 0 || !process_is(pid, start_time))
		return;
	struct pollfd gone = {.fd = pidfd, .events = POLLIN};
	end_domain(libvirt_of(platform), uuid, pidfd);
	if (poll(&gone, 1, GRACE_MS) == 0)
		pidfd_send_signal(pidfd, SIGKILL, NULL, 0);
}

static struct qemu_process *adopt(struct platform *platform, const char *uuid, pid_t pid,
    uint64_t start_time, void (*exited)(void *data, const char *how), void *data, GError **error)
{
	struct qemu_process *process = qemu_process_adopt(pid, start_time, exited, data, error);
	if (!process)
		return NULL;
	process->kill = kill_process;
	process->platform = platform;
	process->uuid = g_strdup(uuid);
	return process;
}

/* --- start --- */

struct start {
	struct libvirt_platform *libvirt;
	char *xml, *uuid, *folder;
	struct qemu_limits limits;
	bool child;
	GCancellable *cancellable;
	platform_started_fn started;
	void (*exited)(void *data, const char *how);
	void *data;
	/* the thread's */
	pid_t pid;
	uint64_t start_time;
	GError *error;
};

static void start_free(struct start *start)
{
	g_free(start->xml);
	g_free(start->uuid);
	g_free(start->folder);
	g_object_unref(start->cancellable);
	g_clear_error(&start->error);
	g_free(start);
}

static gboolean on_started(void *pointer)
{
	struct start *start = pointer;
	struct platform *platform = &start->libvirt->platform;
	struct qemu_process *process = NULL;
	if (!start->error)
		process = adopt(platform, start->uuid, start->pid, start->start_time, start->exited,
		    start->data, &start->error);
	if (!g_cancellable_is_cancelled(start->cancellable)) {
		start->started(start->data, process, start->error);
	} else if (process) {
		qemu_process_kill(process);
		qemu_process_free(process);
	}
	start_free(start);
	return G_SOURCE_REMOVE;
}

/* The kernel tells whose socket it is: of the process that listens (unix(7), SO_PEERCRED). */
static bool find_process(struct start *start, GError **error)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);
	AUTO_FD fd = folder_socket_connect(start->folder, "qmp.sock", error);
	if (fd < 0)
		return false;
	if (!getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) && peer.pid > 0) {
		start->pid = peer.pid;
		start->start_time = process_start_time(peer.pid);
		return true;
	}
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE,
	    "the QEMU that libvirt has started cannot be seen from here; qvisord has to be in its "
	    "pid namespace");
	return false;
}

static void start_in_thread(struct libvirt_platform *libvirt, void *data)
{
	struct start *start = data;
	/* libvirt may not have noticed yet that the phone's last QEMU has ended. */
	libvirt_connection_destroy(libvirt->connection, start->uuid, NULL);
	if (g_cancellable_set_error_if_cancelled(start->cancellable, &start->error) ||
	    !libvirt_connection_create(
	        libvirt->connection, start->xml, &start->limits, start->child, &start->error)) {
		/* said in start->error */
	} else if (!find_process(start, &start->error)) {
		libvirt_connection_destroy(libvirt->connection, start->uuid, NULL);
	}
	tell(on_started, start);
}

static char *domain_xml(
    const struct libvirt_platform *libvirt, const struct platform_spawn *spawn, GError **error)
{
	struct qemu_command command = *spawn->command;
	struct sockaddr_un address;
	g_autofree char *emulator = g_find_program_in_path(command.emulator.qemu);
	g_autofree char *name =
	    g_strconcat(spawn->child ? "qvmi-boot-" : libvirt->prefix, spawn->uuid, NULL);
	command.sockets = spawn->folder;
	if (!emulator) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_NOT_FOUND, "there is no program %s",
		    command.emulator.qemu);
		return NULL;
	}
	if (strlen(spawn->folder) + strlen("/agent.sock") >= sizeof(address.sun_path)) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "%s/agent.sock is too long for the name of a socket (unix(7)), which QEMU "
		    "makes by itself under libvirt: take a shorter host.state-folder and "
		    "host.template-folder",
		    spawn->folder);
		return NULL;
	}
	const struct libvirt_domain domain = {
	    .command = &command,
	    .name = name,
	    .uuid = spawn->uuid,
	    .emulator = emulator,
	    .security = libvirt_connection_about(libvirt->connection)->security,
	    .uid = geteuid(),
	    .gid = getegid(),
	};
	return libvirt_domain_xml(&domain);
}

static void start(
    struct platform *platform, const struct platform_spawn *spawn, platform_started_fn started)
{
	struct libvirt_platform *libvirt = libvirt_of(platform);
	g_autoptr(GError) error = NULL;
	char *xml = domain_xml(libvirt, spawn, &error);
	if (!xml) {
		started(spawn->data, NULL, error);
		return;
	}
	struct start *start = g_new0(struct start, 1);
	*start = (struct start){
	    .libvirt = libvirt,
	    .xml = xml,
	    .limits = qemu_limits_of(spawn->command),
	    .uuid = g_strdup(spawn->uuid),
	    .folder = g_strdup(spawn->folder),
	    .child = spawn->child,
	    .cancellable = g_object_ref(spawn->cancellable),
	    .started = started,
	    .exited = spawn->exited,
	    .data = spawn->data,
	};
	push(libvirt->starts, start_in_thread, start);
}

/* --- what nobody knows of --- */

struct listed {
	struct libvirt_platform *libvirt;
	GPtrArray *names;
};

static gboolean on_listed(void *pointer)
{
	g_autofree struct listed *listed = pointer;
	struct libvirt_platform *libvirt = listed->libvirt;
	g_autoptr(GPtrArray) names = listed->names;
	for (unsigned i = 0; i < names->len; i++) {
		const char *name = g_ptr_array_index(names, i);
		const char *uuid = name + strlen(libvirt->prefix);
		if (!g_str_has_prefix(name, libvirt->prefix) ||
		    libvirt->known(libvirt->known_data, uuid, 0))
			continue;
		g_message("ending the domain %s that no phone's record names", name);
		end_domain(libvirt, uuid, -1);
	}
	return G_SOURCE_REMOVE;
}

static void list_in_thread(struct libvirt_platform *libvirt, void *data)
{
	(void)data;
	g_autoptr(GError) error = NULL;
	GPtrArray *names = libvirt_connection_list(libvirt->connection, &error);
	if (!names) {
		g_warning("%s", error->message);
		return;
	}
	struct listed *listed = g_new(struct listed, 1);
	*listed = (struct listed){libvirt, names};
	tell(on_listed, listed);
}

static gboolean on_timer(void *pointer)
{
	struct libvirt_platform *libvirt = pointer;
	push(libvirt->ends, list_in_thread, NULL);
	return G_SOURCE_CONTINUE;
}

/* Again and again: what libvirt was starting when we were killed may appear after our start. */
static void sweep(struct platform *platform, platform_known_fn known, void *data)
{
	struct libvirt_platform *libvirt = libvirt_of(platform);
	libvirt->known = known;
	libvirt->known_data = data;
	on_timer(libvirt);
	libvirt->timer = g_timeout_add_seconds(SWEEP_S, on_timer, libvirt);
}

/* --- */

static void describe(const struct platform *platform, JsonObject *about, JsonObject *jail)
{
	const struct libvirt_platform *libvirt = (const struct libvirt_platform *)platform;
	const struct libvirt_about *daemon = libvirt_connection_about(libvirt->connection);
	JsonArray *without = json_array_new();
	bool limits = libvirt_connection_limits(libvirt->connection);
	json_array_add_string_element(without, "a user id of its own");
	json_array_add_string_element(without, "a root of its own");
	json_array_add_string_element(
	    without, limits ? "limits of processes, input and output"
	                    : "limits of memory, processors, processes, input and output");
	/* A privileged daemon gives each a mount namespace, with a /dev of its own. */
	json_array_add_string_element(without, daemon->security.dac
	                                           ? "process and network namespaces of its own"
	                                           : "namespaces of its own");
	json_object_set_string_member(about, "name", platform->name);
	json_object_set_string_member(about, "uri", daemon->uri);
	json_object_set_string_member(about, "version", daemon->version);
	json_object_set_boolean_member(jail, "launcher", FALSE);
	json_object_set_array_member(jail, "without", without);
}

static void libvirt_platform_free(struct platform *platform)
{
	struct libvirt_platform *libvirt = libvirt_of(platform);
	g_clear_handle_id(&libvirt->timer, g_source_remove);
	g_thread_pool_free(libvirt->starts, FALSE, TRUE);
	g_thread_pool_free(libvirt->ends, FALSE, TRUE);
	libvirt_connection_free(libvirt->connection);
	g_free(libvirt->prefix);
	g_free(libvirt);
}

/* Two daemons of one machine have different state folders, and must not end each other's phones. */
static char *prefix_of(const char *state_folder)
{
	g_autofree char *path = realpath(state_folder, NULL);
	g_autofree char *sum =
	    g_compute_checksum_for_string(G_CHECKSUM_SHA256, path ? path : state_folder, -1);
	return g_strdup_printf("qvmi-%.8s-", sum);
}

struct platform *libvirt_platform_open(const char *uri, const char *state_folder, GError **error)
{
	struct libvirt_connection *connection = libvirt_connection_open(uri, error);
	if (!connection)
		return NULL;
	struct libvirt_platform *libvirt = g_new0(struct libvirt_platform, 1);
	*libvirt = (struct libvirt_platform){
	    .platform = {.name = "libvirt",
	        .start = start,
	        .adopt = adopt,
	        .end = end,
	        .sweep = sweep,
	        .describe = describe,
	        .free = libvirt_platform_free},
	    .prefix = prefix_of(state_folder),
	    .connection = connection,
	};
	libvirt->starts = g_thread_pool_new(run_job, libvirt, STARTS, FALSE, NULL);
	libvirt->ends = g_thread_pool_new(run_job, libvirt, ENDS, FALSE, NULL);
	return &libvirt->platform;
}
