/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qvmi-echo PORT: for tests of the network. Takes every TCP connection and answers every UDP
 * datagram, on all addresses, IPv4 and IPv6, and says who came, a line each.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* Answers from the address that was asked (ip(7), IPV6_RECVPKTINFO), or a connected asker would
 * not take it. */
static void answer(int fd)
{
	struct sockaddr_in6 from;
	char byte, space[256], text[INET6_ADDRSTRLEN];
	struct iovec part = {&byte, 1};
	struct msghdr message = {.msg_name = &from,
	    .msg_namelen = sizeof(from),
	    .msg_iov = &part,
	    .msg_iovlen = 1,
	    .msg_control = space,
	    .msg_controllen = sizeof(space)};
	if (recvmsg(fd, &message, 0) < 0)
		return;
	part.iov_len = 1;
	sendmsg(fd, &message, 0);
	printf("udp %s\n", inet_ntop(AF_INET6, &from.sin6_addr, text, sizeof(text)));
}

static void take(int listener)
{
	struct sockaddr_in6 from;
	socklen_t n = sizeof(from);
	char text[INET6_ADDRSTRLEN];
	int fd = accept(listener, (struct sockaddr *)&from, &n);
	if (fd < 0)
		return;
	printf("tcp %s\n", inet_ntop(AF_INET6, &from.sin6_addr, text, sizeof(text)));
	close(fd);
}

static int open_socket(int type, uint16_t port)
{
	int fd = socket(AF_INET6, type, 0), on = 1, off = 0;
	struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&any, sizeof(any)) ||
	    (type == SOCK_STREAM && listen(fd, 64))) {
		perror("qvmi-echo");
		exit(1);
	}
	return fd;
}

int main(int argc, char **argv)
{
	int port = argc == 2 ? atoi(argv[1]) : 0;
	if (port <= 0 || port > 65535) {
		fprintf(stderr, "usage: qvmi-echo PORT\n");
		return 2;
	}
	setlinebuf(stdout);
	struct pollfd polls[] = {
	    {.fd = open_socket(SOCK_STREAM, (uint16_t)port), .events = POLLIN},
	    {.fd = open_socket(SOCK_DGRAM, (uint16_t)port), .events = POLLIN},
	};
	while (poll(polls, 2, -1) > 0) {
		if (polls[0].revents)
			take(polls[0].fd);
		if (polls[1].revents)
			answer(polls[1].fd);
	}
	return 0;
}
