/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/agent.h"

#include "agent/application.h"
#include "agent/command.h"
#include "agent/identity.h"
#include "agent/machine.h"
#include "agent/usage.h"
#include "agent/volume.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/reboot.h>
#include <time.h>
#include <unistd.h>

#define SYSFS_PORTS "/sys/class/virtio-ports"
#define PORT_RETRY_MS 500       /* the driver may still be loading */
#define ONLINE_TIMEOUT_MS 10000 /* for a kernel to find what was plugged */

static void send_object(struct agent *agent, struct json_object *object)
{
	size_t length;
	const char *text = json_object_to_json_string_length(
	    object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &length);
	if (length <= PORT_LINE_MAX) {
		port_send(&agent->port, text, length);
	} else {
		struct json_object *refusal =
		    rpc_refuse(RPC_INTERNAL_ERROR, "the answer is longer than a line may be");
		struct json_object *id = NULL;
		if (json_object_object_get_ex(object, "id", &id))
			json_object_object_add(refusal, "id", json_object_get(id));
		text = json_object_to_json_string_length(refusal, JSON_C_TO_STRING_PLAIN, &length);
		port_send(&agent->port, text, length);
		json_object_put(refusal);
	}
	json_object_put(object);
}

static bool is_ready(const struct agent *agent)
{
	return agent->readiness.stage == READINESS_READY;
}

static bool agent_info(
    void *context, struct json_object *params, struct json_object **result, struct rpc_error *error)
{
	struct agent *agent = context;
	char os[128] = "Linux", line[256];
	(void)params;
	(void)error;
	FILE *file = fopen("/etc/os-release", "re");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "PRETTY_NAME=\"%127[^\"\n]", os) == 1)
			break;
	if (file)
		fclose(file);
	*result = json_object_new_object();
	json_object_object_add(*result, "version", json_object_new_int(AGENT_VERSION));
	json_object_object_add(*result, "os", json_object_new_string(os));
	json_object_object_add(*result, "ready", json_object_new_boolean(is_ready(agent)));
	json_object_object_add(
	    *result, "stage", json_object_new_string(readiness_stage_name(agent->readiness.stage)));
	return true;
}

static bool identity_set(
    void *context, struct json_object *params, struct json_object **result, struct rpc_error *error)
{
	struct identity identity;
	(void)context;
	(void)result;
	bool done = identity_parse(&identity, params, error) && identity_apply(&identity, error);
	identity_wipe(&identity);
	return done;
}

static bool list_applications(
    void *context, struct json_object *params, struct json_object **result, struct rpc_error *error)
{
	struct agent *agent = context;
	(void)params;
	(void)error;
	*result = json_object_new_object();
	json_object_object_add(
	    *result, "applications", application_list(agent->config->applications));
	return true;
}

static bool launch_application(
    void *context, struct json_object *params, struct json_object **result, struct rpc_error *error)
{
	struct agent *agent = context;
	const char *id;
	(void)result;
	return rpc_string(params, "id", &id, error) &&
	       application_launch(agent->config->applications, id, agent->config->uid, error);
}

static bool find_account(
    const struct agent *agent, struct account *account, struct rpc_error *error)
{
	return account_find(account, "/etc/passwd", agent->config->uid) ||
	       rpc_fail(
	           error, RPC_FAILED, "this phone has no user %u", (unsigned)agent->config->uid);
}

static bool mount_volume(
    void *context, struct json_object *params, struct json_object **result, struct rpc_error *error)
{
	struct account account;
	const char *serial;
	(void)result;
	if (!rpc_string(params, "serial", &serial, error))
		return false;
	if (!volume_serial_is_valid(serial))
		return rpc_fail(error, RPC_INVALID_PARAMS,
		    "serial must be 1 to %d letters, digits and hyphens", VOLUME_SERIAL_MAX);
	return find_account(context, &account, error) && volume_mount(serial, &account, error);
}

static bool unmount_volume(
    void *context, struct json_object *params, struct json_object **result, struct rpc_error *error)
{
	struct account account;
	(void)params;
	(void)result;
	return find_account(context, &account, error) && volume_unmount(&account, error);
}

static bool take_int(struct json_object *params, const char *name, int64_t max, int64_t *value,
    struct rpc_error *error)
{
	struct json_object *member;
	if (!json_object_object_get_ex(params, name, &member) ||
	    !json_object_is_type(member, json_type_int) || json_object_get_int64(member) < 1 ||
	    json_object_get_int64(member) > max)
		return rpc_fail(error, RPC_INVALID_PARAMS, "%s must be a whole number, 1 to %jd",
		    name, (intmax_t)max);
	*value = json_object_get_int64(member);
	return true;
}

static bool online_machine(
    void *context, struct json_object *params, struct json_object **result, struct rpc_error *error)
{
	struct machine online;
	int64_t cpus, memory_mib;
	(void)context;
	if (!take_int(params, "cpus", MACHINE_CPUS_MAX, &cpus, error) ||
	    !take_int(params, "memory_mib", MACHINE_MEMORY_MAX_MIB, &memory_mib, error))
		return false;
	const struct machine wanted = {(unsigned)cpus, (uint64_t)memory_mib};
	if (!machine_wait(MACHINE_SYSFS, &wanted, ONLINE_TIMEOUT_MS, &online, error))
		return false;
	*result = json_object_new_object();
	json_object_object_add(*result, "cpus", json_object_new_int64(online.cpus));
	json_object_object_add(
	    *result, "memory_mib", json_object_new_int64((int64_t)online.memory_mib));
	return true;
}

static bool get_usage(
    void *context, struct json_object *params, struct json_object **result, struct rpc_error *error)
{
	struct usage usage;
	(void)context;
	(void)params;
	(void)error;
	usage_read("/proc", "/", &usage);
	const struct {
		const char *name;
		uint64_t value;
	} figures[] = {
	    {"uptime_s", usage.uptime_s},
	    {"memory_kib", usage.memory_kib},
	    {"memory_available_kib", usage.memory_available_kib},
	    {"disk_bytes", usage.disk_bytes},
	    {"disk_used_bytes", usage.disk_used_bytes},
	    {"received_bytes", usage.received_bytes},
	    {"sent_bytes", usage.sent_bytes},
	};
	*result = json_object_new_object();
	json_object_object_add(*result, "load1", json_object_new_double(usage.load1));
	for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++)
		json_object_object_add(
		    *result, figures[i].name, json_object_new_uint64(figures[i].value));
	return true;
}

static bool disk_sync(
    void *context, struct json_object *params, struct json_object **result, struct rpc_error *error)
{
	(void)context;
	(void)params;
	(void)result;
	(void)error;
	sync();
	return true;
}

static bool power_off(
    void *context, struct json_object *params, struct json_object **result, struct rpc_error *error)
{
	struct agent *agent = context;
	(void)params;
	(void)result;
	(void)error;
	agent->power_off = true;
	return true;
}

static const struct rpc_method methods[] = {
    {"agent.info", agent_info},
    {"identity.set", identity_set},
    {"application.list", list_applications},
    {"application.launch", launch_application},
    {"volume.mount", mount_volume},
    {"volume.unmount", unmount_volume},
    {"machine.online", online_machine},
    {"usage.get", get_usage},
    {"disk.sync", disk_sync},
    {"power.off", power_off},
    {NULL, NULL},
};

static void on_connected(void *context)
{
	struct agent *agent = context;
	struct json_object *params = json_object_new_object();
	json_object_object_add(params, "version", json_object_new_int(AGENT_VERSION));
	json_object_object_add(params, "ready", json_object_new_boolean(is_ready(agent)));
	send_object(agent, rpc_notification("agent.hello", params));
}

static void on_line(void *context, const char *text, size_t length)
{
	struct agent *agent = context;
	struct json_object *response = rpc_answer(methods, agent, text, length);
	if (response)
		send_object(agent, response);
}

static void on_overlong(void *context)
{
	send_object(context, rpc_refuse(RPC_PARSE_ERROR, "the line is longer than 65536 bytes"));
}

static const struct port_events events = {
    .connected = on_connected,
    .line = on_line,
    .overlong = on_overlong,
};

void agent_init(struct agent *agent, const struct agent_config *config)
{
	agent->config = config;
	agent->power_off = false;
	agent->port.fd = -1;
	agent->port.connected = false;
	readiness_init(&agent->readiness, &config->readiness);
}

void agent_finish(struct agent *agent)
{
	port_finish(&agent->port);
}

void agent_attach(struct agent *agent, int fd)
{
	port_init(&agent->port, fd, &events, agent);
}

int agent_step(struct agent *agent, int64_t now_ms)
{
	if (readiness_step(&agent->readiness, now_ms)) {
		struct json_object *params = json_object_new_object();
		json_object_object_add(params, "stage",
		    json_object_new_string(readiness_stage_name(agent->readiness.stage)));
		send_object(agent, rpc_notification("agent.stage", params));
		if (is_ready(agent)) {
			params = json_object_new_object();
			json_object_object_add(
			    params, "version", json_object_new_int(AGENT_VERSION));
			send_object(agent, rpc_notification("agent.ready", params));
		}
	}
	return readiness_interval_ms(&agent->readiness);
}

static int64_t monotonic_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void turn_off(struct agent *agent)
{
	port_drain(&agent->port, 1000);
	sync();
	if (access("/run/systemd/system", F_OK) == 0) {
		const char *const argv[] = {"/usr/bin/systemctl", "--no-block", "poweroff", NULL};
		const char *const environment[] = {"PATH=/usr/sbin:/usr/bin", NULL};
		struct rpc_error error;
		if (command_run(argv, environment, NULL, 30000, &error))
			return;
		fprintf(stderr, "qvmi-agent: %s; going off at once\n", error.message);
	}
	reboot(RB_POWER_OFF);
}

static void open_port(struct agent *agent, int epoll)
{
	int fd = port_open(SYSFS_PORTS, "/dev", agent->config->port_name);
	if (fd < 0)
		return;
	struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET};
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0) {
		close(fd);
		return;
	}
	agent_attach(agent, fd);
}

static int shorter(int a, int b)
{
	return a < 0 ? b : b < 0 ? a : a < b ? a : b;
}

int agent_run(struct agent *agent)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	if (epoll < 0) {
		fprintf(stderr, "qvmi-agent: cannot wait for the port: %s\n", strerror(errno));
		return 1;
	}
	int64_t next_look = monotonic_ms();
	while (!agent->power_off) {
		if (agent->port.fd < 0)
			open_port(agent, epoll);
		else if (!port_pump(&agent->port))
			port_finish(&agent->port); /* unplugged; it may come back */

		int timeout = -1;
		int64_t now = monotonic_ms();
		if (!is_ready(agent)) {
			if (now >= next_look) {
				int interval = agent_step(agent, now);
				next_look = now + interval;
				timeout = interval;
			} else {
				timeout = (int)(next_look - now);
			}
		}
		if (agent->port.fd < 0)
			timeout = shorter(timeout, PORT_RETRY_MS);
		if (agent->power_off)
			break;
		struct epoll_event event;
		if (epoll_wait(epoll, &event, 1, timeout) < 0 && errno != EINTR)
			break;
	}
	if (agent->power_off)
		turn_off(agent);
	close(epoll);
	return agent->power_off ? 0 : 1;
}
