/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/accelerator.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/error.h"
#include "common/file.h"
#include "common/json.h"
#include "common/process.h"

#define CPU_KVM "host"
/* Five-level page tables make every miss of TCG's software TLB walk one level more, for nothing. */
#define CPU_TCG "max,la57=off"

char *qemu_version(const char *qemu, GError **error)
{
	const char *argv[] = {qemu, "--version", NULL};
	g_autofree char *out = NULL;
	g_autoptr(GError) cause = NULL;
	int status;
	if (!g_spawn_sync(NULL, (char **)argv, NULL,
	        G_SPAWN_SEARCH_PATH | G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, &out, NULL, &status,
	        &cause)) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_NOT_FOUND,
		    "%s cannot be started (%s); install QEMU (Debian: qemu-system-x86)", qemu,
		    cause->message);
		return NULL;
	}
	unsigned major, minor, micro;
	if (sscanf(out, "QEMU emulator version %u.%u.%u", &major, &minor, &micro) == 3)
		return g_strdup_printf("%u.%u.%u", major, minor, micro);
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_FAILED,
	    "%s --version says nothing that can be understood", qemu);
	return NULL;
}

static int payload_file(GError **error)
{
	size_t n = accelerator_payload_size;
	int fd = memfd_create("qvmi-probe", MFD_CLOEXEC);
	/* The Multiboot option ROM reads whole pages. */
	if (fd >= 0 && write(fd, accelerator_payload, n) == (ssize_t)n && !ftruncate(fd, 4096))
		return fd;
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_EXHAUSTED, "cannot write the probe: %s",
	    g_strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

/* Its last line, for the reason; QEMU's own prefix is cut off. */
static char *last_line(int fd)
{
	char text[2049];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
	text[MAX(n, 0)] = 0;
	const char *error = strstr(text, "error: ");
	if (error)
		memmove(text, error + 7, strlen(error + 7) + 1);
	text[strcspn(text, "\n")] = 0;
	return g_utf8_make_valid(text, -1);
}

static bool wait_for(pid_t pid, int log, GError **error)
{
	AUTO_FD pidfd = pidfd_open(pid, 0);
	struct pollfd ready = {.fd = pidfd, .events = POLLIN};
	bool ended = pidfd >= 0 && poll(&ready, 1, ACCELERATOR_PROBE_MS) == 1;
	int status = 0;
	if (!ended)
		kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	if (ended && WIFEXITED(status) && WEXITSTATUS(status) == ACCELERATOR_EXIT_CODE)
		return true;
	if (!ended) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_TIMEOUT, "probe timed out after %d s",
		    ACCELERATOR_PROBE_MS / 1000);
		return false;
	}
	g_autofree char *words = last_line(log);
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE, "probe failed%s%s",
	    *words ? ": " : "", words);
	return false;
}

bool accelerator_probe(const char *qemu, const char *name, const char *cpu, GError **error)
{
	AUTO_FD payload = payload_file(error);
	AUTO_FD log = memfd_create("qvmi-probe-log", MFD_CLOEXEC);
	if (payload < 0)
		return false;
	const char *argv[] = {qemu, "-nodefaults", "-no-user-config", "-machine", "q35,usb=off",
	    "-accel", name, "-cpu", cpu, "-m", "32M", "-display", "none", "-device",
	    "isa-debug-exit,iobase=0xf4,iosize=4", "-kernel", "/proc/self/fd/3", "-no-reboot",
	    NULL};
	const struct process_fd fds[] = {{payload, 3}};
	const struct process_spawn child = {
	    .argv = argv,
	    .fds = fds,
	    .n_fds = 1,
	    .stdin_fd = -1,
	    .stdout_fd = log,
	    .stderr_fd = log,
	    .new_session = true,
	    .death_signal = SIGKILL,
	};
	pid_t pid = process_spawn(&child, error);
	return pid >= 0 && wait_for(pid, log, error);
}

static char *processor_model(void)
{
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;
	if (g_file_get_contents("/proc/cpuinfo", &text, NULL, NULL))
		lines = g_strsplit(text, "\n", 32);
	for (unsigned i = 0; lines && lines[i]; i++)
		if (g_str_has_prefix(lines[i], "model name") && strchr(lines[i], ':'))
			return g_strstrip(g_strdup(strchr(lines[i], ':') + 1));
	return g_strdup("unknown");
}

/* Why KVM cannot be used, "" if it can. */
static char *probe_kvm(const char *qemu, const char *key, const char *cache)
{
	g_autoptr(JsonNode) known = json_load_file(cache, 4096, NULL);
	if (known) {
		JsonObject *object = json_node_get_object(known);
		const char *its_key = json_get_optional_string(object, "key", 1024, NULL);
		const char *failure =
		    json_object_get_string_member_with_default(object, "failure", NULL);
		if (its_key && failure && !strcmp(its_key, key))
			return g_strdup(failure);
	}
	g_autoptr(GError) error = NULL;
	bool works = accelerator_probe(qemu, "kvm", CPU_KVM, &error);
	JsonObject *object = json_object_new();
	json_object_set_string_member(object, "key", key);
	json_object_set_string_member(object, "failure", works ? "" : error->message);
	g_autoptr(JsonNode) node = json_node_of(object);
	g_autoptr(GError) ignored = NULL;
	if (!json_store_file(cache, node, 0600, &ignored))
		g_warning("the accelerator probe's answer cannot be kept: %s", ignored->message);
	return g_strdup(works ? "" : error->message);
}

static struct accelerator *accelerator_new(const char *name, char *reason)
{
	struct accelerator *accelerator = g_new0(struct accelerator, 1);
	accelerator->name = g_strdup(name);
	accelerator->cpu = g_strdup(strcmp(name, "kvm") ? CPU_TCG : CPU_KVM);
	accelerator->reason = reason;
	return accelerator;
}

static struct accelerator *accelerator_without_kvm(
    const char *wanted, const char *why, GError **error)
{
	if (!strcmp(wanted, "auto"))
		return accelerator_new(
		    "tcg", g_strdup_printf("kvm: unusable (%s); using tcg", why));
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE,
	    "kvm is unusable: %s; set host.accelerator to auto", why);
	return NULL;
}

struct accelerator *accelerator_find(const char *wanted, const char *qemu, const char *version,
    const char *cache_folder, GError **error)
{
	if (!strcmp(wanted, "tcg"))
		return accelerator_new("tcg", g_strdup("tcg: as configured"));
	if (strcmp(wanted, "kvm") && strcmp(wanted, "auto")) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "host.accelerator is \"%s\"; it can be \"auto\", \"kvm\" or \"tcg\"", wanted);
		return NULL;
	}
	if (access("/dev/kvm", R_OK | W_OK)) {
		g_autofree char *why = g_strdup_printf("/dev/kvm: %s%s", g_strerror(errno),
		    errno == EACCES ? "; its group may open it, normally kvm" : "");
		return accelerator_without_kvm(wanted, why, error);
	}
	struct utsname kernel;
	uname(&kernel);
	g_autofree char *model = processor_model();
	g_autofree char *key = g_strdup_printf("%s; QEMU %s; %s", kernel.release, version, model);
	g_autofree char *cache = g_build_filename(cache_folder, "accelerator.json", NULL);
	g_autofree char *failure = probe_kvm(qemu, key, cache);
	if (!*failure)
		return accelerator_new("kvm", g_strdup("kvm: a probe guest ran"));
	return accelerator_without_kvm(wanted, failure, error);
}

void accelerator_free(struct accelerator *accelerator)
{
	if (!accelerator)
		return;
	g_free(accelerator->name);
	g_free(accelerator->cpu);
	g_free(accelerator->reason);
	g_free(accelerator);
}
