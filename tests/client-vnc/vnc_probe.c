/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A standard VNC viewer for tests, by libvncclient: vnc-probe PORT < password
 * Prints the size and how many colours there are, presses 'k' and waits for another picture.
 * Exit 3: not let in.
 */
#include <rfb/rfbclient.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/peers/libvnc_leaks.h"

#define TIMEOUT_S 20

static char password[64];
static int pictures;

static char *on_password(rfbClient *client)
{
	(void)client;
	return strdup(password); /* libvncclient frees it */
}

static void on_picture(rfbClient *client)
{
	(void)client;
	pictures++;
}

static uint32_t hash_of(const rfbClient *client, unsigned *colours)
{
	const uint32_t *pixels = (const uint32_t *)(const void *)client->frameBuffer;
	uint32_t hash = 0, seen[64];
	*colours = 0;
	for (int i = 0; i < client->width * client->height; i++) {
		uint32_t pixel = pixels[i] & 0xffffff;
		unsigned k = 0;
		hash = hash * 31 + pixel;
		while (k < *colours && seen[k] != pixel)
			k++;
		if (k == *colours && *colours < 64)
			seen[(*colours)++] = pixel;
	}
	return hash;
}

/* False: nothing comes any more. */
static bool step(rfbClient *client)
{
	int n = WaitForMessage(client, 100000);
	return n >= 0 && (n == 0 || HandleRFBServerMessage(client));
}

int main(int argc, char **argv)
{
	rfbClient *client = rfbGetClient(8, 3, 4);
	unsigned colours;
	if (argc != 2 || !client || !fgets(password, sizeof password, stdin))
		return 2;
	password[strcspn(password, "\n")] = '\0';
	rfbEnableClientLogging = FALSE;
	client->GetPassword = on_password;
	client->FinishedFrameBufferUpdate = on_picture;
	free(client->serverHost); /* "" at first */
	client->serverHost = strdup("127.0.0.1");
	client->serverPort = atoi(argv[1]);
	if (!rfbInitClient(client, NULL, NULL)) /* frees the client */
		return 3;
	time_t end = time(NULL) + TIMEOUT_S;
	while (!pictures && time(NULL) < end)
		if (!step(client))
			return 1;
	uint32_t before = hash_of(client, &colours);
	printf("%dx%d colours=%u\n", client->width, client->height, colours);
	SendKeyEvent(client, 'k', TRUE);
	SendKeyEvent(client, 'k', FALSE);
	while (hash_of(client, &colours) == before)
		if (time(NULL) >= end || !step(client))
			return 1;
	puts("changed");
	rfbClientCleanup(client);
	return 0;
}
