/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/identity.h"

#include "agent/base64.h"
#include "agent/command.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <inttypes.h>
#include <linux/random.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S INT64_C(1000000000)
#define SSH_KEYGEN "/usr/bin/ssh-keygen"

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool hostname_is_valid(const char *name)
{
	size_t length = strlen(name);
	if (length < 1 || length > 63 || name[0] == '-' || name[length - 1] == '-')
		return false;
	for (const char *c = name; *c; c++)
		if (!is_alnum(*c) && *c != '-')
			return false;
	return true;
}

static bool machine_id_is_valid(const char *id)
{
	return strlen(id) == 32 && strspn(id, "0123456789abcdef") == 32 && strspn(id, "0") < 32;
}

/* A number, or the same in a string for hosts whose JSON cannot carry 64 bits. */
static bool parse_time(struct json_object *params, int64_t *time_ns)
{
	struct json_object *member;
	if (!json_object_object_get_ex(params, "time_ns", &member))
		return false;
	if (json_object_is_type(member, json_type_int)) {
		*time_ns = json_object_get_int64(member);
	} else if (json_object_is_type(member, json_type_string)) {
		const char *text = json_object_get_string(member);
		char *end;
		errno = 0;
		*time_ns = strtoll(text, &end, 10);
		if (errno || end == text || *end || text[0] < '0' || text[0] > '9')
			return false;
	} else {
		return false;
	}
	/* INT64_MAX is what json-c makes of a larger number. */
	return *time_ns > 0 && *time_ns < INT64_MAX;
}

/* Not every phone has an interface by then. */
static bool parse_mac(
    struct json_object *params, char mac[static INTERFACE_MAC_SIZE], struct rpc_error *error)
{
	const char *text = "";
	if (!json_object_object_get_ex(params, "mac", NULL)) {
		mac[0] = 0;
		return true;
	}
	if (!rpc_string(params, "mac", &text, error))
		return false;
	if (!interface_address_is_valid(text))
		return rpc_fail(error, RPC_INVALID_PARAMS,
		    "mac must be an Ethernet address of one machine, as 02:00:5e:10:00:00");
	strcpy(mac, text);
	return true;
}

bool identity_parse(struct identity *identity, struct json_object *params, struct rpc_error *error)
{
	const char *hostname, *machine_id, *seed;
	if (!rpc_string(params, "hostname", &hostname, error) ||
	    !rpc_string(params, "machine_id", &machine_id, error) ||
	    !rpc_string(params, "seed", &seed, error))
		return false;
	if (!hostname_is_valid(hostname))
		return rpc_fail(error, RPC_INVALID_PARAMS,
		    "hostname must be 1 to 63 letters, digits and inner hyphens");
	if (!machine_id_is_valid(machine_id))
		return rpc_fail(error, RPC_INVALID_PARAMS,
		    "machine_id must be 32 lower-case hex digits, not all zero");
	int seed_length = base64_decode(seed, identity->seed, sizeof(identity->seed));
	if (seed_length < IDENTITY_SEED_MIN)
		return rpc_fail(error, RPC_INVALID_PARAMS, "seed must be base64 of %d to %d bytes",
		    IDENTITY_SEED_MIN, IDENTITY_SEED_MAX);
	if (!parse_time(params, &identity->time_ns))
		return rpc_fail(error, RPC_INVALID_PARAMS,
		    "time_ns must be nanoseconds since 1970, a number or its digits in a string");
	if (!parse_mac(params, identity->mac, error))
		return false;
	identity->seed_length = (unsigned)seed_length;
	strcpy(identity->hostname, hostname);
	strcpy(identity->machine_id, machine_id);
	return true;
}

void identity_wipe(struct identity *identity)
{
	explicit_bzero(identity, sizeof(*identity));
}

/* Through a second name and a rename, so that a phone that loses power has the old file or the new
 * one. */
static bool write_file(
    const char *root, const char *path, mode_t mode, const char *text, struct rpc_error *error)
{
	char target[512], fresh[512];
	int n = snprintf(target, sizeof(target), "%s%s", root, path);
	int m = snprintf(fresh, sizeof(fresh), "%s%s.qvmi-new", root, path);
	if (n < 0 || m < 0 || (size_t)n >= sizeof(target) || (size_t)m >= sizeof(fresh))
		return rpc_fail(error, RPC_FAILED, "path of %s is too long", path);
	unlink(fresh);
	int fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0)
		return rpc_fail(error, RPC_FAILED, "cannot write %s: %s", path, strerror(errno));
	size_t length = strlen(text);
	bool written = write(fd, text, length) == (ssize_t)length && fchmod(fd, mode) == 0;
	int saved = errno;
	close(fd);
	if (written && rename(fresh, target) == 0)
		return true;
	if (written)
		saved = errno;
	unlink(fresh);
	return rpc_fail(error, RPC_FAILED, "cannot write %s: %s", path, strerror(saved));
}

bool identity_write_files(
    const struct identity *identity, const char *root, struct rpc_error *error)
{
	char hostname[80], hosts[256], machine_id[40];
	snprintf(hostname, sizeof(hostname), "%s\n", identity->hostname);
	snprintf(hosts, sizeof(hosts),
	    "127.0.0.1\tlocalhost\n127.0.1.1\t%s\n::1\tlocalhost ip6-localhost ip6-loopback\n",
	    identity->hostname);
	snprintf(machine_id, sizeof(machine_id), "%s\n", identity->machine_id);
	return write_file(root, "/etc/hostname", 0644, hostname, error) &&
	       write_file(root, "/etc/hosts", 0644, hosts, error) &&
	       write_file(root, "/etc/machine-id", 0444, machine_id, error);
}

/* random(4): the seed is credited in full, because the host drew it from its own getrandom(), and
 * the generator is reseeded from it at once. */
static bool credit_seed(const struct identity *identity, struct rpc_error *error)
{
	union {
		struct rand_pool_info info; /* ends in a flexible array */
		unsigned char space[sizeof(struct rand_pool_info) + IDENTITY_SEED_MAX];
	} pool;
	pool.info.entropy_count = (int)identity->seed_length * 8;
	pool.info.buf_size = (int)identity->seed_length;
	memcpy(pool.space + sizeof(pool.info), identity->seed, identity->seed_length);
	int fd = open("/dev/random", O_WRONLY | O_CLOEXEC);
	bool done =
	    fd >= 0 && ioctl(fd, RNDADDENTROPY, &pool) == 0 && ioctl(fd, RNDRESEEDCRNG) == 0;
	if (!done)
		rpc_fail(error, RPC_FAILED, "cannot credit the seed: %s", strerror(errno));
	if (fd >= 0)
		close(fd);
	explicit_bzero(&pool, sizeof(pool));
	return done;
}

static bool renew_ssh_keys(struct rpc_error *error)
{
	if (access("/etc/ssh/sshd_config", F_OK) != 0 || access(SSH_KEYGEN, X_OK) != 0)
		return true;
	glob_t keys;
	if (glob("/etc/ssh/ssh_host_*", GLOB_NOSORT, NULL, &keys) == 0)
		for (size_t i = 0; i < keys.gl_pathc; i++)
			unlink(keys.gl_pathv[i]);
	globfree(&keys);
	/* An RSA key as well would take an emulated processor seconds; OpenSSH has known these
	 * since 6.5. */
	const char *const argv[] = {SSH_KEYGEN, "-q", "-t", "ed25519", "-N", "", "-f",
	    "/etc/ssh/ssh_host_ed25519_key", NULL};
	const char *const environment[] = {"PATH=/usr/sbin:/usr/bin", NULL};
	return command_run(argv, environment, NULL, 60000, error);
}

static void take_address(const char *mac)
{
	char name[INTERFACE_NAME_SIZE];
	if (*mac && interface_find(INTERFACE_NETWORKS, name) && !interface_set_address(name, mac))
		fprintf(stderr, "qvmi-agent: %s keeps its address: %s\n", name, strerror(errno));
}

bool identity_apply(const struct identity *identity, struct rpc_error *error)
{
	const struct timespec now = {
	    .tv_sec = identity->time_ns / NS_PER_S, .tv_nsec = identity->time_ns % NS_PER_S};
	if (clock_settime(CLOCK_REALTIME, &now) < 0)
		return rpc_fail(error, RPC_FAILED, "cannot set the clock: %s", strerror(errno));
	if (!credit_seed(identity, error))
		return false;
	if (sethostname(identity->hostname, strlen(identity->hostname)) < 0)
		return rpc_fail(error, RPC_FAILED, "cannot set the host name: %s", strerror(errno));
	take_address(identity->mac);
	return identity_write_files(identity, "", error) && renew_ssh_keys(error);
}
