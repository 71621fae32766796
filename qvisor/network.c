/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/network.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/error.h"
#include "common/json.h"
#include "common/process.h"

#define PREFIX ".network"
#define RECORD ".json"
#define PID_FILE ".pid"
#define RECORD_MAX_SIZE 4096
#define READY_MS 5000
#define END_MS 1000
#define PASST_FD 3
/* What every phone has; it never leaves passt. */
#define GUEST_ADDRESS "10.66.0.2"
#define GUEST_NETMASK "255.255.255.0"
#define GUEST_ROUTER "10.66.0.1"

struct member {
	pid_t pid;
	uint64_t start_time;
};

struct network {
	char *folder, *name;
	struct network_policy *policy;
	char *rules; /* that hold now */
	struct member fence, uplink;
	gulong changed;
};

static char *path_of(const char *folder, const char *name, const char *suffix)
{
	return g_strconcat(folder, "/" PREFIX, *name ? "-" : "", name, suffix, NULL);
}

/* --- programs --- */

/* The first line of what a program has written into a memfd. Caller frees. */
static char *first_words(int fd)
{
	char text[1024];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
	text[MAX(n, 0)] = 0;
	text[strcspn(text, "\n")] = 0;
	return g_utf8_make_valid(*text ? text : "it failed without a word", -1);
}

/* Runs a program to its end. */
static bool run(const char *const *argv, int input, GError **error)
{
	AUTO_FD output = memfd_create("output", MFD_CLOEXEC);
	const struct process_spawn spawn = {.argv = argv,
	    .stdin_fd = input,
	    .stdout_fd = output,
	    .stderr_fd = output,
	    .new_session = true};
	pid_t pid = process_spawn(&spawn, error);
	int status = 0;
	if (pid < 0)
		return false;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return true;
	g_autofree char *words = first_words(output);
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_FAILED, "%s: %s", argv[0], words);
	return false;
}

struct member_namespaces {
	char user[64], net[64]; /* options of nsenter(1) */
};

static struct member_namespaces namespaces_of(pid_t pid)
{
	struct member_namespaces names;
	g_snprintf(names.user, sizeof(names.user), "--user=/proc/%d/ns/user", (int)pid);
	g_snprintf(names.net, sizeof(names.net), "--net=/proc/%d/ns/net", (int)pid);
	return names;
}

/* --- the namespace --- */

static bool set_rules(struct network *network, GError **error)
{
	g_autoptr(GPtrArray) addresses = network_host_addresses();
	g_autofree char *rules = network_policy_rules(network->policy, addresses);
	struct member_namespaces names = namespaces_of(network->fence.pid);
	const char *const argv[] = {"nsenter", names.user, names.net, "--preserve-credentials",
	    "--", "nft", "-f", "-", NULL};
	if (!g_strcmp0(rules, network->rules))
		return true;
	AUTO_FD input = memfd_create("rules", MFD_CLOEXEC);
	size_t n = strlen(rules);
	if (input < 0 || write(input, rules, n) != (ssize_t)n || lseek(input, 0, SEEK_SET)) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_EXHAUSTED, "no memory for the rules: %s",
		    g_strerror(errno));
		return false;
	}
	if (!run(argv, input, error))
		return false;
	g_free(network->rules);
	network->rules = g_steal_pointer(&rules);
	return true;
}

/* A user and a network namespace and nothing in them; it has told us when it is there. */
static bool make_fence(struct network *network, GError **error)
{
	static const char *const argv[] = {"unshare", "--user", "--map-root-user", "--net", "--",
	    "sh", "-c", "echo && exec sleep infinity >/dev/null 2>&1", NULL};
	int ends[2];
	if (pipe2(ends, O_CLOEXEC)) {
		g_set_error(
		    error, QVMI_ERROR, QVMI_ERROR_EXHAUSTED, "no pipe: %s", g_strerror(errno));
		return false;
	}
	AUTO_FD from = ends[0];
	AUTO_FD to = ends[1];
	const struct process_spawn spawn = {
	    .argv = argv, .stdin_fd = -1, .stdout_fd = to, .stderr_fd = to, .new_session = true};
	pid_t pid = process_spawn(&spawn, error);
	if (pid < 0)
		return false;
	network->fence = (struct member){pid, process_start_time(pid)};
	close(fd_steal(&to));
	struct pollfd wait = {.fd = from, .events = POLLIN};
	char text[256] = "";
	ssize_t n = poll(&wait, 1, READY_MS) == 1 ? read(from, text, sizeof(text) - 1) : 0;
	if (n > 0 && text[0] == '\n')
		return true;
	text[strcspn(text, "\n")] = 0;
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_DENIED,
	    "no namespace for the phones' network: %s", *text ? text : "unshare says nothing");
	return false;
}

static bool make_uplink(struct network *network, GError **error)
{
	g_autofree char *pid_file = path_of(network->folder, network->name, PID_FILE);
	g_autofree char *user = g_strdup_printf("/proc/%d/ns/user", (int)network->fence.pid);
	g_autofree char *net = g_strdup_printf("/proc/%d/ns/net", (int)network->fence.pid);
	g_autofree char *text = NULL;
	/* As root pasta would become "nobody", who may not enter our namespace. */
	const char *const argv[] = {"pasta", "--quiet", "--config-net", "--no-map-gw",
	    "--tcp-ports", "none", "--udp-ports", "none", "--tcp-ns", "none", "--udp-ns", "none",
	    "--netns", net, "--userns", user, "--pid", pid_file, geteuid() ? NULL : "--runas", "0",
	    NULL};
	if (!run(argv, -1, error)) /* it has gone into the background when it is ready */
		return false;
	if (!g_file_get_contents(pid_file, &text, NULL, error))
		return false;
	unlink(pid_file);
	pid_t pid = (pid_t)g_ascii_strtoull(text, NULL, 10);
	network->uplink = (struct member){pid, process_start_time(pid)};
	return true;
}

/* --- the record --- */

static void set_member(JsonObject *object, const char *name, const struct member *member)
{
	JsonObject *one = json_object_new();
	json_object_set_int_member(one, "pid", member->pid);
	json_object_set_int_member(one, "start_time", (int64_t)member->start_time);
	json_object_set_object_member(object, name, one);
}

static bool store(const struct network *network, GError **error)
{
	g_autofree char *path = path_of(network->folder, network->name, RECORD);
	JsonObject *object = json_object_new();
	set_member(object, "fence", &network->fence);
	set_member(object, "uplink", &network->uplink);
	g_autoptr(JsonNode) node = json_node_of(object);
	return json_store_file(path, node, 0600, error);
}

static struct member get_member(JsonObject *root, const char *name)
{
	JsonObject *one = json_get_optional_object(root, name, NULL);
	int64_t pid = 0, start_time = 0;
	if (!one || !json_get_int(one, "pid", 1, G_MAXINT, &pid, NULL) ||
	    !json_get_int(one, "start_time", 1, G_MAXINT64, &start_time, NULL))
		return (struct member){0};
	return (struct member){(pid_t)pid, (uint64_t)start_time};
}

static void load(struct network *network)
{
	g_autofree char *path = path_of(network->folder, network->name, RECORD);
	g_autoptr(JsonNode) node = json_load_file(path, RECORD_MAX_SIZE, NULL);
	if (!node)
		return;
	network->fence = get_member(json_node_get_object(node), "fence");
	network->uplink = get_member(json_node_get_object(node), "uplink");
}

static bool is_alive(const struct member *member)
{
	return process_is(member->pid, member->start_time);
}

static void tear_down(struct network *network)
{
	g_autofree char *path = path_of(network->folder, network->name, RECORD);
	process_end(network->uplink.pid, network->uplink.start_time, END_MS);
	process_end(network->fence.pid, network->fence.start_time, END_MS);
	network->fence = network->uplink = (struct member){0};
	unlink(path);
}

/* Rules first, uplink then: at no time is there a way out that is not guarded. */
static bool build(struct network *network, GError **error)
{
	if (make_fence(network, error) && set_rules(network, error) &&
	    make_uplink(network, error) && store(network, error))
		return true;
	tear_down(network);
	g_prefix_error(error, "the phones' network: ");
	return false;
}

/* --- */

static void on_network_changed(GNetworkMonitor *monitor, gboolean available, void *data)
{
	(void)monitor, (void)available;
	struct network *network = data;
	g_autoptr(GError) error = NULL;
	if (!set_rules(network, &error))
		g_warning("the phones' packet filter does not know this host's new addresses: %s",
		    error->message);
}

static struct network *network_new(const char *folder, const char *name)
{
	struct network *network = g_new0(struct network, 1);
	network->folder = g_strdup(folder);
	network->name = g_strdup(name);
	return network;
}

GPtrArray *network_list(const char *folder)
{
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
	const char *file;
	while (dir && (file = g_dir_read_name(dir))) {
		if (!g_str_has_prefix(file, PREFIX) || !g_str_has_suffix(file, RECORD))
			continue;
		const char *name = file + strlen(PREFIX);
		name += *name == '-';
		g_ptr_array_add(names, g_strndup(name, strlen(name) - strlen(RECORD)));
	}
	return names;
}

void network_remove(const char *folder, const char *name)
{
	struct network *network = network_new(folder, name);
	load(network);
	network_close(network, false);
}

struct network *network_open(
    const char *folder, const char *name, struct network_policy *policy, GError **error)
{
	AUTO(network_policy) owned = policy;
	struct network *network = network_new(folder, name);
	network->policy = g_steal_pointer(&owned);
	load(network);
	bool adopted = is_alive(&network->fence) && is_alive(&network->uplink);
	if (!adopted)
		tear_down(network);
	if (adopted ? set_rules(network, error) : build(network, error)) {
		network->changed = g_signal_connect(g_network_monitor_get_default(),
		    "network-changed", G_CALLBACK(on_network_changed), network);
		g_message("phones' network%s%s: %s (namespace of pid %d); DNS %s", *name ? " " : "",
		    name, network->policy->internet ? "the Internet" : "what is listed",
		    (int)network->fence.pid, network->policy->dns ? network->policy->dns : "none");
		return network;
	}
	network_close(network, adopted);
	return NULL;
}

void network_close(struct network *network, bool in_use)
{
	if (!network)
		return;
	if (network->changed)
		g_signal_handler_disconnect(g_network_monitor_get_default(), network->changed);
	if (!in_use)
		tear_down(network);
	network_policy_free(network->policy);
	g_free(network->folder);
	g_free(network->name);
	g_free(network->rules);
	g_free(network);
}

/* --- a phone --- */

static int open_log(const char *folder, GError **error)
{
	g_autofree char *path = g_build_filename(folder, "passt.log", NULL);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0)
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_FAILED, "cannot write %s: %s", path,
		    g_strerror(errno));
	return fd;
}

int network_attach(struct network *network, const char *folder, pid_t *pid, GError **error)
{
	struct member_namespaces names = namespaces_of(network->fence.pid);
	const char *dns = network->policy->dns;
	/* In the namespace we are its root; passt needs nothing of that. */
	const char *const argv[] = {"nsenter", names.user, names.net, "--preserve-credentials",
	    "--", "setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs", "passt",
	    "--quiet", "--foreground", "--fd", G_STRINGIFY(PASST_FD), "--no-map-gw", "--tcp-ports",
	    "none", "--udp-ports", "none", "--address", GUEST_ADDRESS, "--netmask", GUEST_NETMASK,
	    "--gateway", GUEST_ROUTER, dns ? "--dns" : NULL, dns, NULL};
	int pair[2];
	if (!is_alive(&network->fence) || !is_alive(&network->uplink)) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE,
		    "the phones' network has ended; restart qvisord");
		return -1;
	}
	AUTO_FD log = open_log(folder, error);
	if (log < 0)
		return -1;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair)) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_EXHAUSTED, "no socket pair: %s",
		    g_strerror(errno));
		return -1;
	}
	AUTO_FD ours = pair[0];
	AUTO_FD theirs = pair[1];
	const struct process_fd fds[] = {{theirs, PASST_FD}};
	const struct process_spawn spawn = {.argv = argv,
	    .fds = fds,
	    .n_fds = G_N_ELEMENTS(fds),
	    .stdin_fd = -1,
	    .stdout_fd = log,
	    .stderr_fd = log,
	    .new_session = true};
	*pid = process_spawn(&spawn, error);
	return *pid < 0 ? -1 : fd_steal(&ours);
}
