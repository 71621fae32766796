/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/challenge.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <string.h>

#include "broker/token.h"

struct challenges {
	GHashTable *by_digest; /* struct challenge */
	GQueue order;          /* the oldest at the head */
};

static void challenge_free(void *data)
{
	struct challenge *challenge = data;

	g_free(challenge->user);
	g_free(challenge->address);
	g_free(challenge->device);
	g_free(challenge->digest);
	OPENSSL_cleanse(challenge->secret, sizeof(challenge->secret));
	g_free(challenge);
}

struct challenges *challenges_new(void)
{
	struct challenges *challenges = g_new0(struct challenges, 1);

	challenges->by_digest =
	    g_hash_table_new_full(g_str_hash, g_str_equal, NULL, challenge_free);
	g_queue_init(&challenges->order);
	return challenges;
}

void challenges_free(struct challenges *challenges)
{
	if (!challenges)
		return;
	g_hash_table_destroy(challenges->by_digest);
	g_free(challenges);
}

static char *digest_of(const char *name)
{
	return g_compute_checksum_for_string(G_CHECKSUM_SHA256, name, -1);
}

void challenges_end(struct challenges *challenges, struct challenge *challenge)
{
	g_queue_unlink(&challenges->order, &challenge->link);
	g_hash_table_remove(challenges->by_digest, challenge->digest);
}

/* All live equally long: the oldest end first. */
static void end_expired(struct challenges *challenges, int64_t now)
{
	struct challenge *oldest;

	while ((oldest = g_queue_peek_head(&challenges->order)) && oldest->expires <= now)
		challenges_end(challenges, oldest);
}

static bool is_of(const struct challenge *challenge, const char *user)
{
	return g_ascii_strcasecmp(challenge->user, user) == 0;
}

static void make_room(struct challenges *challenges, const char *user)
{
	struct challenge *oldest = NULL;
	unsigned held = 0;

	for (GList *link = challenges->order.tail; link; link = link->prev) {
		if (!is_of(link->data, user))
			continue;
		oldest = link->data;
		held++;
	}
	if (held >= CHALLENGE_MAX_A_USER)
		challenges_end(challenges, oldest);
	else if (challenges->order.length >= CHALLENGE_MAX)
		challenges_end(challenges, g_queue_peek_head(&challenges->order));
}

char *challenges_add(
    struct challenges *challenges, struct challenge *challenge, int64_t now, GError **error)
{
	g_autofree char *name = token_text_new(error);

	if (!name) {
		challenge_free(challenge);
		return NULL;
	}
	if (challenge->enrolling && RAND_bytes(challenge->secret, TOTP_SECRET_SIZE) != 1)
		g_error("OpenSSL has no random numbers");
	end_expired(challenges, now);
	make_room(challenges, challenge->user);
	challenge->expires = now + CHALLENGE_LIFETIME_S;
	challenge->digest = digest_of(name);
	challenge->link.data = challenge;
	g_queue_push_tail_link(&challenges->order, &challenge->link);
	g_hash_table_insert(challenges->by_digest, challenge->digest, challenge);
	return g_steal_pointer(&name);
}

struct challenge *challenges_find(struct challenges *challenges, const char *name, int64_t now)
{
	g_autofree char *digest = digest_of(name);

	end_expired(challenges, now);
	return g_hash_table_lookup(challenges->by_digest, digest);
}

void challenges_count_wrong(struct challenges *challenges, struct challenge *challenge)
{
	if (++challenge->wrong == CHALLENGE_TRIES)
		challenges_end(challenges, challenge);
}

void challenges_end_all(struct challenges *challenges, const char *user)
{
	GList *link = challenges->order.head;

	while (link) {
		struct challenge *challenge = link->data;

		link = link->next;
		if (is_of(challenge, user))
			challenges_end(challenges, challenge);
	}
}
