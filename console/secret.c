/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "console/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "common/file.h"

#define SECRET_MAX 1024

void secret_free(char *secret)
{
	if (secret)
		explicit_bzero(secret, strlen(secret));
	g_free(secret);
}

static char *refuse(const char *why, GError **error)
{
	g_set_error_literal(error, QVMI_ERROR, QVMI_ERROR_INVALID, why);
	return NULL;
}

/* Byte by byte: what follows the line is not ours. */
static char *read_line(int fd, GError **error)
{
	char line[SECRET_MAX + 1];
	size_t n = 0;

	for (;;) {
		char c;
		ssize_t got = read(fd, &c, 1);
		if (got < 0 && errno == EINTR)
			return refuse("no password was given", error);
		if (got <= 0 || c == '\n')
			break;
		if (n == SECRET_MAX)
			return refuse("the password is too long", error);
		line[n++] = c;
	}
	line[n] = 0;
	char *secret = g_strdup(line);
	explicit_bzero(line, sizeof(line));
	if (n > 0)
		return secret;
	g_free(secret);
	return refuse("no password was given", error);
}

static char *ask(int terminal, const char *prompt, GError **error)
{
	struct termios before, quiet;

	dprintf(terminal, "%s: ", prompt);
	bool changed = tcgetattr(terminal, &before) == 0;
	quiet = before;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	if (changed)
		tcsetattr(terminal, TCSAFLUSH, &quiet);
	char *secret = read_line(terminal, error);
	if (changed)
		tcsetattr(terminal, TCSAFLUSH, &before);
	dprintf(terminal, "\n");
	return secret;
}

static char *ask_twice(int terminal, const char *prompt, GError **error)
{
	char *first = ask(terminal, prompt, error);
	char *second = first ? ask(terminal, "Again", error) : NULL;
	bool same = second && g_str_equal(first, second);

	secret_free(second);
	if (second && !same)
		refuse("the two passwords differ", error);
	if (same)
		return first;
	secret_free(first);
	return NULL;
}

char *secret_read(const char *file, const char *prompt, bool twice, GError **error)
{
	if (file) {
		char *text = file_load(file, SECRET_MAX, NULL, error);
		if (!text)
			return NULL;
		text[strcspn(text, "\r\n")] = 0;
		if (*text)
			return text;
		secret_free(text);
		return refuse("the password file has no password in its first line", error);
	}
	if (!isatty(STDIN_FILENO))
		return read_line(STDIN_FILENO, error);
	AUTO_FD terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (terminal < 0)
		return refuse("there is no terminal to ask for the password; give "
		              "--password-file FILE",
		    error);
	return twice ? ask_twice(terminal, prompt, error) : ask(terminal, prompt, error);
}
