/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The program: options, and the agent run with them. */
#include "agent/agent.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static const char usage[] =
    "usage: qvmi-agent [OPTION...]\n"
    "The agent inside a phone: answers its host on a virtio-serial port (PROTOCOL.md).\n"
    "\n"
    "  --ready-file PATH   ready when PATH exists\n"
    "  --ready-phosh       ready when Phosh has drawn its lock screen and the phone has settled "
    "(default)\n"
    "  --user-id UID       whose session that is (default 1000)\n"
    "  --idle PERCENT      settled: processors at least so idle (default 95) ...\n"
    "  --idle-time MS      ... for so long (default 4000)\n"
    "  --settle-max MS     ready after so long even if they never are (default 120000)\n"
    "  --port NAME         virtio-serial port (default org.qvmi.agent.0)\n"
    "  --help, --version\n";

enum option_key {
	KEY_READY_FILE = 256,
	KEY_READY_PHOSH,
	KEY_USER_ID,
	KEY_IDLE,
	KEY_IDLE_TIME,
	KEY_SETTLE_MAX,
	KEY_PORT,
	KEY_HELP,
	KEY_VERSION,
};

static const struct option options[] = {
    {"ready-file", required_argument, NULL, KEY_READY_FILE},
    {"ready-phosh", no_argument, NULL, KEY_READY_PHOSH},
    {"user-id", required_argument, NULL, KEY_USER_ID},
    {"idle", required_argument, NULL, KEY_IDLE},
    {"idle-time", required_argument, NULL, KEY_IDLE_TIME},
    {"settle-max", required_argument, NULL, KEY_SETTLE_MAX},
    {"port", required_argument, NULL, KEY_PORT},
    {"help", no_argument, NULL, KEY_HELP},
    {"version", no_argument, NULL, KEY_VERSION},
    {NULL, 0, NULL, 0},
};

/* Exits with 2 on anything but a number from 0 to max. */
static unsigned number(const char *text, unsigned max)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end || value > max) {
		fprintf(stderr, "qvmi-agent: \"%s\" is not a number from 0 to %u\n", text, max);
		exit(2);
	}
	return (unsigned)value;
}

int main(int argc, char **argv)
{
	static struct agent agent; /* static: too large for a small stack */
	static char runtime_dir[64], marker[96];
	struct agent_config config = {
	    .readiness = {.proc_stat = "/proc/stat",
	        .idle_percent = 95,
	        .idle_ms = 4000,
	        .settle_max_ms = 120000},
	    .port_name = "org.qvmi.agent.0",
	    .applications = "/usr/share/applications",
	    .uid = 1000,
	};
	for (int key; (key = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		switch (key) {
		case KEY_READY_FILE:
			config.readiness.ready_file = optarg;
			break;
		case KEY_READY_PHOSH:
			config.readiness.ready_file = NULL;
			break;
		case KEY_USER_ID:
			config.uid = number(optarg, 65533);
			break;
		case KEY_IDLE:
			config.readiness.idle_percent = number(optarg, 100);
			break;
		case KEY_IDLE_TIME:
			config.readiness.idle_ms = number(optarg, 600000);
			break;
		case KEY_SETTLE_MAX:
			config.readiness.settle_max_ms = number(optarg, 3600000);
			break;
		case KEY_PORT:
			config.port_name = optarg;
			break;
		case KEY_HELP:
			fputs(usage, stdout);
			return 0;
		case KEY_VERSION:
			printf("qvmi-agent %s, protocol %d\n", QVMI_VERSION, AGENT_VERSION);
			return 0;
		default:
			fputs(usage, stderr);
			return 2;
		}
	}
	if (optind < argc) {
		fputs(usage, stderr);
		return 2;
	}
	snprintf(runtime_dir, sizeof(runtime_dir), "/run/user/%u", (unsigned)config.uid);
	/* Made by the image's unit when the shell tells its service manager that it is ready. */
	snprintf(marker, sizeof(marker), "%s/shell-ready", runtime_dir);
	config.readiness.runtime_dir = runtime_dir;
	config.readiness.shell_marker = marker;

	signal(SIGPIPE, SIG_IGN);
	agent_init(&agent, &config);
	int status = agent_run(&agent);
	agent_finish(&agent);
	return status;
}
