/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The part of qvisord that mtpd needs, for tests of mtpd alone: gives out the display of one QEMU
 * that runs already.
 *
 *   display-broker DISPLAY-SOCKET QMP-SOCKET PHONE-UUID WIDTH HEIGHT TOUCH-POINTS
 */
#include <gio/gio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/descriptor.h"
#include "common/error.h"
#include "common/json.h"
#include "common/log.h"
#include "common/unix_socket.h"

struct monitor {
	int socket;
	FILE *in;
};

/* QMP's answer to one command; events are skipped. */
static bool monitor_call(struct monitor *m, const char *command, int fd, GError **error)
{
	char control[CMSG_SPACE(sizeof fd)] = {0};
	struct iovec part = {.iov_base = (void *)(uintptr_t)command, .iov_len = strlen(command)};
	struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
	if (fd >= 0) {
		header.msg_control = control;
		header.msg_controllen = sizeof control;
		struct cmsghdr *rights = CMSG_FIRSTHDR(&header);
		rights->cmsg_level = SOL_SOCKET;
		rights->cmsg_type = SCM_RIGHTS;
		rights->cmsg_len = CMSG_LEN(sizeof fd);
		memcpy(CMSG_DATA(rights), &fd, sizeof fd);
	}
	if (sendmsg(m->socket, &header, MSG_NOSIGNAL) < 0)
		return false;
	char line[65536];
	while (fgets(line, sizeof line, m->in)) {
		if (strstr(line, "\"return\""))
			return true;
		if (strstr(line, "\"error\"")) {
			g_set_error(error, QVMI_ERROR, QVMI_ERROR_FAILED, "QEMU: %s", line);
			return false;
		}
	}
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE, "the phone has been turned off");
	return false;
}

static bool give_display(const char *qmp, int display, GError **error)
{
	struct monitor m = {.socket = unix_socket_connect(qmp, SOCK_STREAM, error)};
	if (m.socket < 0)
		return false;
	m.in = fdopen(dup(m.socket), "r");
	char greeting[65536];
	bool good =
	    fgets(greeting, sizeof greeting, m.in) &&
	    monitor_call(&m, "{\"execute\":\"qmp_capabilities\"}\n", -1, error) &&
	    monitor_call(&m, "{\"execute\":\"getfd\",\"arguments\":{\"fdname\":\"display\"}}\n",
	        display, error) &&
	    monitor_call(&m,
	        "{\"execute\":\"add_client\",\"arguments\":{\"protocol\":\"@dbus-display\","
	        "\"fdname\":\"display\",\"skipauth\":true}}\n",
	        -1, error);
	fclose(m.in);
	close(m.socket);
	return good;
}

static void serve(int client, char **argv)
{
	char request[1024];
	int fd = -1;
	unsigned n_fds = 1;
	g_autoptr(GError) error = NULL;
	ssize_t n = descriptor_receive(client, request, sizeof request - 1, &fd, &n_fds, &error);
	AUTO_FD display = n_fds ? fd : -1;
	if (n <= 0)
		return;
	request[n] = 0;
	bool given = false;
	if (strstr(request, argv[3]))
		given = give_display(argv[2], display, &error);
	else
		g_set_error(&error, QVMI_ERROR, QVMI_ERROR_NOT_FOUND, "there is no such phone");
	g_autofree char *answer =
	    given ? g_strdup_printf(
	                "{\"width\":%s,\"height\":%s,\"touch_points\":%s,\"keyboard\":true}",
	                argv[4], argv[5], argv[6])
	          : g_strdup_printf("{\"error\":{\"type\":\"%s\",\"detail\":\"the phone is off\"}}",
	                qvmi_error_word(error));
	if (error)
		g_message("%s", error->message);
	descriptor_send(client, answer, strlen(answer), NULL, 0, NULL);
}

int main(int argc, char **argv)
{
	log_init("display-broker");
	if (argc != 7) {
		fprintf(stderr, "usage: display-broker DISPLAY-SOCKET QMP-SOCKET PHONE-UUID WIDTH "
		                "HEIGHT TOUCH-POINTS\n");
		return 2;
	}
	g_autoptr(GError) error = NULL;
	int listener = descriptor_listen(argv[1], &error);
	if (listener < 0) {
		g_critical("%s", error->message);
		return 1;
	}
	for (;;) {
		int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (client < 0)
			continue;
		serve(client, argv);
		close(client);
	}
}
