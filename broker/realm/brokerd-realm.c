/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * brokerd-realm: asks Kerberos and the directory for brokerd, one question at a time, on a socket
 * that it has as descriptor 3. Neither library keeps a total time, and both read what strangers
 * send; so they run here, where brokerd can end them. It has no state but its directory connection
 * and the credential of the service.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "broker/realm/directory.h"
#include "broker/realm/message.h"
#include "broker/realm/options.h"
#include "broker/realm/password.h"
#include "broker/realm/person.h"
#include "broker/realm/ticket.h"
#include "common/error.h"
#include "common/log.h"

#define SOCKET 3

static struct realm_answer *answer_to(const struct realm_options *options,
    struct ticket_service *tickets, struct directory *directory,
    const struct realm_request *request)
{
	switch (request->task) {
	case REALM_PASSWORD:
		return password_check(options, request->principal, request->password);
	case REALM_TICKET:
		return ticket_accept(tickets, request->token, request->binding);
	case REALM_PERSON:
		if (!directory)
			break;
		directory_set_end(
		    directory, g_get_monotonic_time() + (gint64)request->timeout_ms * 1000);
		return person_look_up(directory, options, request->principal);
	}
	return realm_answer_new(REALM_UNAVAILABLE, "a question that this program does not know");
}

/* False: brokerd has gone, or says what it should not. */
static bool serve_one(const struct realm_options *options, struct ticket_service *tickets,
    struct directory *directory)
{
	g_autoptr(GError) error = NULL;
	AUTO(realm_request) request = realm_request_receive(SOCKET, &error);
	AUTO(realm_answer)
	answer = request ? answer_to(options, tickets, directory, request) : NULL;
	if (answer && !realm_answer_send(SOCKET, answer, &error)) {
		realm_answer_free(answer);
		answer = realm_answer_new(REALM_UNAVAILABLE, error->message);
		g_clear_error(&error);
		realm_answer_send(SOCKET, answer, &error);
	}
	if (error)
		g_warning("%s", error->message);
	return answer && !error;
}

/* Where the libraries look, so that nothing else of the machine's settings decides. */
static void set_environment(const struct realm_options *options)
{
	g_autofree char *cache = g_strconcat("file2:", options->replay_cache, NULL);
	if (options->krb5_config)
		setenv("KRB5_CONFIG", options->krb5_config, 1);
	if (options->replay_cache)
		setenv("KRB5RCACHENAME", cache, 1);
	setenv("KRB5CCNAME", "MEMORY:", 1);
	setenv("KRB5_CLIENT_KTNAME", options->keytab, 1);
	setenv("LDAPNOINIT", "1", 1);
}

int main(int argc, char **argv)
{
	(void)argc;
	struct realm_options options = {0};
	g_autoptr(GError) error = NULL;
	log_init("brokerd-realm");
	prctl(PR_SET_DUMPABLE, 0);
	signal(SIGPIPE, SIG_IGN); /* a directory that has closed is an error of its search */
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (!realm_options_from_argv(&options, argv, &error) || !options.realm ||
	    !options.service || !options.keytab || fcntl(SOCKET, F_GETFD) < 0) {
		g_warning("%s", error ? error->message : "this program is started by brokerd");
		realm_options_clear(&options);
		return 2;
	}
	set_environment(&options);
	AUTO(ticket_service) tickets = ticket_service_new(&options);
	struct directory *directory = options.servers ? directory_new(&options) : NULL;
	while (serve_one(&options, tickets, directory))
		continue;
	directory_free(directory);
	realm_options_clear(&options);
	return 0;
}
