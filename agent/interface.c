/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/interface.h"

#include <dirent.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define OCTETS 6

bool interface_address_is_valid(const char *mac)
{
	static const char hex[] = "0123456789abcdef";
	bool some = false;
	if (strlen(mac) != 3 * OCTETS - 1)
		return false;
	for (unsigned i = 0; mac[i]; i++) {
		if (i % 3 == 2 ? mac[i] != ':' : !strchr(hex, mac[i]))
			return false;
		some |= mac[i] != ':' && mac[i] != '0';
	}
	/* IEEE 802, section 8.2: the first octet's lowest bit says that it is a group's. */
	return some && (strchr(hex, mac[1]) - hex) % 2 == 0;
}

/* Loopback, bridges and tunnels are no devices. */
static bool is_ethernet(const char *networks, const char *name)
{
	char path[320];
	int type = 0;
	snprintf(path, sizeof(path), "%s/%s/device", networks, name);
	if (access(path, F_OK))
		return false;
	snprintf(path, sizeof(path), "%s/%s/type", networks, name);
	FILE *file = fopen(path, "re");
	bool read = file && fscanf(file, "%d", &type) == 1;
	if (file)
		fclose(file);
	return read && type == ARPHRD_ETHER;
}

bool interface_find(const char *networks, char name[static INTERFACE_NAME_SIZE])
{
	unsigned found = 0;
	DIR *dir = opendir(networks);
	for (struct dirent *entry = dir ? readdir(dir) : NULL; entry; entry = readdir(dir)) {
		size_t length = strlen(entry->d_name);
		if (entry->d_name[0] == '.' || length >= INTERFACE_NAME_SIZE ||
		    !is_ethernet(networks, entry->d_name))
			continue;
		memcpy(name, entry->d_name, length + 1);
		found++;
	}
	if (dir)
		closedir(dir);
	return found == 1;
}

bool interface_set_address(const char *name, const char *mac)
{
	struct ifreq request = {.ifr_hwaddr.sa_family = ARPHRD_ETHER}, now;
	memcpy(request.ifr_name, name, strnlen(name, sizeof(request.ifr_name) - 1));
	for (unsigned i = 0; i < OCTETS; i++)
		request.ifr_hwaddr.sa_data[i] = (char)strtoul(mac + 3 * i, NULL, 16);
	now = request;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	/* Whoever manages the network is told of each change, also of one to the same. */
	bool done = (ioctl(fd, SIOCGIFHWADDR, &now) == 0 &&
	                memcmp(now.ifr_hwaddr.sa_data, request.ifr_hwaddr.sa_data, OCTETS) == 0) ||
	            ioctl(fd, SIOCSIFHWADDR, &request) == 0;
	close(fd);
	return done;
}
