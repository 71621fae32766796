/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a hostile directory answers to the search for a person and his groups. An input is either
 * the server's bytes, or (first byte odd) words that become well-formed entries and results of the
 * searches, so that what is behind the decoder is reached. And the other way: whatever comes out is
 * an answer that brokerd takes; and any bytes are an answer or none.
 */
#include <openldap.h>
#include <signal.h>
#include <stdint.h>
#include <sys/socket.h>

/* Its connection is made by hand. */
#include "broker/realm/directory.c"
#include "broker/realm/message.h"
#include "broker/realm/person.h"

#define SEARCHES 12
#define ENTRIES 3

struct input {
	const uint8_t *data;
	size_t size;
};

static uint8_t take(struct input *input)
{
	if (!input->size)
		return 0;
	input->size--;
	return *input->data++;
}

static struct berval take_word(struct input *input)
{
	size_t n = take(input);
	n = MIN(n, input->size);
	struct berval word = {.bv_len = n, .bv_val = (char *)input->data};
	input->data += n;
	input->size -= n;
	return word;
}

static void flush(GByteArray *stream, BerElement *ber)
{
	struct berval bytes;
	if (ber_flatten2(ber, &bytes, 0) == 0)
		g_byte_array_append(stream, (const guint8 *)bytes.bv_val, (guint)bytes.bv_len);
	ber_free(ber, 1);
}

static void write_search(GByteArray *stream, struct input *input, int id)
{
	for (unsigned i = take(input) % ENTRIES; i > 0; i--) {
		struct berval dn = take_word(input), cn = take_word(input), boss = take_word(input);
		BerElement *ber = ber_alloc_t(LBER_USE_DER);
		ber_printf(ber, "{it{O{{s[O]}{s[O]}}}}", id, LDAP_RES_SEARCH_ENTRY, &dn, "cn", &cn,
		    "manager", &boss);
		flush(stream, ber);
	}
	BerElement *ber = ber_alloc_t(LBER_USE_DER);
	ber_printf(ber, "{it{ess}}", id, LDAP_RES_SEARCH_RESULT, take(input) % 4 ? 0 : take(input),
	    "", "");
	flush(stream, ber);
}

static void ask(const struct realm_options *options, const GByteArray *stream)
{
	int fds[2];
	AUTO(directory) directory = directory_new(options);
	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
	g_assert_cmpint(send(fds[1], stream->data, stream->len, MSG_DONTWAIT), ==, stream->len);
	shutdown(fds[1], SHUT_WR);
	g_assert_cmpint(ldap_init_fd(fds[0], LDAP_PROTO_TCP, NULL, &directory->ldap), ==, 0);
	const int version = LDAP_VERSION3;
	ldap_set_option(directory->ldap, LDAP_OPT_PROTOCOL_VERSION, &version);
	ldap_set_option(directory->ldap, LDAP_OPT_REFERRALS, LDAP_OPT_OFF);
	directory_set_end(directory, g_get_monotonic_time() + 5 * G_USEC_PER_SEC);
	AUTO(realm_answer) answer = person_look_up(directory, options, "alice@R");
	int pair[2];
	g_assert_cmpint(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), ==, 0);
	if (realm_answer_send(pair[0], answer, NULL)) {
		AUTO(realm_answer) got = realm_answer_receive(pair[1], NULL);
		g_assert_nonnull(got);
	}
	close(pair[0]);
	close(pair[1]);
	close(fds[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct realm_options options = {.realm = (char *)"R",
	    .servers = (char *)"",
	    .bind = (char *)"simple",
	    .people_base = (char *)"ou=People,dc=x",
	    .person_filter = (char *)"(uid=%u)",
	    .group_base = (char *)"ou=Groups,dc=x",
	    .group_filter = (char *)"(member=%d)",
	    .group_attribute = (char *)"cn"};
	if (size < 1 || size > 16384)
		return 0;
	signal(SIGPIPE, SIG_IGN);
	g_autoptr(GBytes) bytes = g_bytes_new(data + 1, size - 1);
	AUTO(realm_answer) parsed = realm_answer_parse(bytes, NULL);
	struct input input = {data + 1, size - 1};
	GByteArray *stream = g_byte_array_new();
	if (*data & 1) {
		for (int id = 1; id <= SEARCHES; id++)
			write_search(stream, &input, id);
	} else {
		g_byte_array_append(stream, input.data, (guint)input.size);
	}
	ask(&options, stream);
	g_byte_array_unref(stream);
	return 0;
}
