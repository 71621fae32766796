/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/ipv6.h>
#include <net/if.h>
#include <net/route.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CARD "eth0"
#define TARGET_MAX 64
#define ADDRESS "10.66.0.2"
#define ROUTER "10.66.0.1"
#define ADDRESS6 "fd66::2"

struct target {
	const char *text;
	int type; /* SOCK_STREAM, SOCK_DGRAM */
	union {
		struct sockaddr generic;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} address;
	socklen_t length;
	int fd; /* -1: not open now */
	bool reached;
};

static double now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void pause_ms(long ms)
{
	nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

/* "tcp:[ADDRESS]:PORT" */
static bool parse(struct target *target, char *text)
{
	char address[64] = "", type[4] = "";
	unsigned port = 0;
	*target = (struct target){.text = text, .fd = -1};
	bool six = sscanf(text, "%3[a-z]:[%63[0-9a-f:.]]:%u", type, address, &port) == 3;
	if (!six && sscanf(text, "%3[a-z]:%63[0-9.]:%u", type, address, &port) != 3)
		return false;
	target->type = strcmp(type, "udp") ? SOCK_STREAM : SOCK_DGRAM;
	if (six) {
		target->address.in6 = (struct sockaddr_in6){
		    .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
		target->length = sizeof(target->address.in6);
		return inet_pton(AF_INET6, address, &target->address.in6.sin6_addr) == 1;
	}
	target->address.in =
	    (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	target->length = sizeof(target->address.in);
	return inet_pton(AF_INET, address, &target->address.in.sin_addr) == 1;
}

static void set_address(struct sockaddr *at, const char *text)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	inet_pton(AF_INET, text, &address.sin_addr);
	memcpy(at, &address, sizeof(address));
}

static bool configure(int fd)
{
	struct ifreq request = {.ifr_name = CARD};
	struct rtentry route = {.rt_flags = RTF_UP | RTF_GATEWAY};
	set_address(&request.ifr_addr, ADDRESS);
	if (ioctl(fd, SIOCSIFADDR, &request) < 0)
		return false;
	set_address(&request.ifr_netmask, "255.255.255.0");
	ioctl(fd, SIOCSIFNETMASK, &request);
	request.ifr_flags = IFF_UP | IFF_RUNNING;
	ioctl(fd, SIOCSIFFLAGS, &request);
	set_address(&route.rt_gateway, ROUTER);
	set_address(&route.rt_dst, "0.0.0.0");
	set_address(&route.rt_genmask, "0.0.0.0");
	return ioctl(fd, SIOCADDRT, &route) == 0;
}

/* Everything beyond is behind the card: passt answers for any neighbour. */
static bool configure6(int fd)
{
	struct ifreq request = {.ifr_name = CARD};
	int six = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (six < 0 || ioctl(fd, SIOCGIFINDEX, &request) < 0)
		return false;
	struct in6_ifreq address = {.ifr6_prefixlen = 64, .ifr6_ifindex = request.ifr_ifindex};
	struct in6_rtmsg route = {
	    .rtmsg_flags = RTF_UP, .rtmsg_metric = 1, .rtmsg_ifindex = request.ifr_ifindex};
	inet_pton(AF_INET6, ADDRESS6, &address.ifr6_addr);
	bool done = ioctl(six, SIOCSIFADDR, &address) == 0 && ioctl(six, SIOCADDRT, &route) == 0;
	close(six);
	return done;
}

static void wait_for_card(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	while (!configure(fd))
		pause_ms(100);
	printf("probe: %s is up\n", CARD);
	if (!configure6(fd))
		printf("probe: no IPv6: %s\n", strerror(errno));
	close(fd);
}

static void open_target(struct target *target)
{
	target->fd = socket(
	    target->address.generic.sa_family, target->type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (target->fd < 0)
		return;
	/* What is only on this link is named with it (rfc4007), and who speaks to all has to say
	 * so. */
	if (target->address.generic.sa_family == AF_INET6 &&
	    IN6_IS_ADDR_LINKLOCAL(&target->address.in6.sin6_addr))
		target->address.in6.sin6_scope_id = if_nametoindex(CARD);
	setsockopt(target->fd, SOL_SOCKET, SO_BROADCAST, &(int){1}, sizeof(int));
	int result = connect(target->fd, &target->address.generic, target->length);
	if (target->type == SOCK_DGRAM && result == 0)
		result = send(target->fd, "?", 1, 0) == 1 ? 0 : -1;
	if (result < 0 && errno != EINPROGRESS) {
		close(target->fd);
		target->fd = -1;
	}
}

static void look_at(struct target *target)
{
	char byte;
	int error = 0;
	socklen_t n = sizeof(error);
	if (target->type == SOCK_DGRAM)
		target->reached = recv(target->fd, &byte, 1, 0) >= 0;
	else
		target->reached =
		    getsockopt(target->fd, SOL_SOCKET, SO_ERROR, &error, &n) == 0 && error == 0;
	close(target->fd);
	target->fd = -1;
}

/* One look at all; those that were refused are opened anew at the next. A datagram may be lost, as
 * to a network that was made a moment ago: it is sent again. */
static void try_all(struct target *targets, unsigned count)
{
	struct pollfd polls[TARGET_MAX];
	for (unsigned i = 0; i < count; i++) {
		struct target *target = &targets[i];
		if (!target->reached && target->fd < 0)
			open_target(target);
		else if (!target->reached && target->type == SOCK_DGRAM)
			send(target->fd, "?", 1, MSG_DONTWAIT);
		polls[i] = (struct pollfd){.fd = target->reached ? -1 : target->fd,
		    .events = target->type == SOCK_DGRAM ? POLLIN : POLLOUT};
	}
	poll(polls, count, 200);
	for (unsigned i = 0; i < count; i++)
		if (polls[i].fd >= 0 && polls[i].revents)
			look_at(&targets[i]);
	pause_ms(50);
}

void probe_run(char *text)
{
	static struct target targets[TARGET_MAX];
	unsigned count = 0;
	for (char *word = strtok(text, ","); word && count < TARGET_MAX; word = strtok(NULL, ","))
		if (parse(&targets[count], word))
			count++;
		else
			printf("probe: %s is no target\n", word);
	wait_for_card();
	for (double end = now() + PROBE_S; now() < end;)
		try_all(targets, count);
	for (unsigned i = 0; i < count; i++)
		printf(
		    "probe: %s %s\n", targets[i].text, targets[i].reached ? "reached" : "silent");
	printf("probe: done\n");
}
