/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/launch_request.h"

#include <string.h>

#define UUID_LENGTH 36
#define FOLDER_MAX 128

struct cursor {
	const char *at;
	size_t left;
};

/* NULL at the end. The message is known to end in NUL. */
static const char *next(struct cursor *cursor)
{
	if (!cursor->left)
		return NULL;
	const char *word = cursor->at;
	size_t n = strlen(word) + 1;
	cursor->at += n;
	cursor->left -= n;
	return word;
}

/* It becomes the name of a folder. */
static bool uuid_valid(const char *text)
{
	return strlen(text) == UUID_LENGTH && strspn(text, "0123456789abcdef-") == UUID_LENGTH;
}

/* NAME-KEY.part, as template_part.c has it. */
static bool part_valid(const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");
	return n >= 1 && n <= FOLDER_MAX && name[0] != '-' && !strcmp(name + n, ".part");
}

/* Absolute, and its parts are names: what it says is where it is. */
static bool path_valid(const char *path)
{
	size_t n = strlen(path);
	return n > 1 && n <= LAUNCH_PATH_MAX && path[0] == '/' && path[n - 1] != '/' &&
	       !strstr(path, "//") && !strstr(path, "/./") && !strstr(path, "/../") &&
	       strcmp(path + n - 2, "/.") && (n < 3 || strcmp(path + n - 3, "/.."));
}

static bool argument_valid(const char *argument)
{
	static const char *const ours[] = {
	    "sandbox", "runas", "chroot", "daemonize", "run-with", "pidfile"};
	if (argument[0] != '-')
		return true;
	argument += argument[1] == '-' ? 2 : 1;
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (!strcmp(argument, ours[i]))
			return false;
	return true;
}

/* A limit: digits, bounded. */
static bool parse_number(struct cursor *cursor, unsigned *number)
{
	const char *word = next(cursor);
	size_t n = word ? strlen(word) : 0;
	*number = 0;
	if (!n || n > 8 || strspn(word, "0123456789") != n)
		return false;
	while (*word)
		*number = *number * 10 + (unsigned)(*word++ - '0');
	return true;
}

static bool parse_uuid(struct cursor *cursor, const char **uuid)
{
	*uuid = next(cursor);
	return *uuid && uuid_valid(*uuid);
}

static const char *parse_limits(struct launch_request *request, struct cursor *cursor)
{
	if (!parse_number(cursor, &request->memory_mib) ||
	    !parse_number(cursor, &request->cpu_percent))
		return "a limit is no number";
	return NULL;
}

static const char *parse_confine(struct launch_request *request, struct cursor *cursor)
{
	if (!parse_uuid(cursor, &request->uuid) || !parse_uuid(cursor, &request->parent))
		return "a phone's uuid is none";
	const char *wrong = parse_limits(request, cursor);
	return wrong || !cursor->left ? wrong : "there is more than limits";
}

static const char *parse_start(struct launch_request *request, bool build, struct cursor *cursor)
{
	const char *word, *wrong;
	if (!parse_uuid(cursor, &request->uuid))
		return "the phone's uuid is none";
	request->folder = build ? next(cursor) : NULL;
	if (build && (!request->folder || !part_valid(request->folder)))
		return "the template's folder is none";
	if ((wrong = parse_limits(request, cursor)))
		return wrong;
	while ((word = next(cursor)) && strcmp(word, "--")) {
		if (request->file_count == LAUNCH_FILES_MAX)
			return "too many files";
		if (!path_valid(word))
			return "a file's path is not absolute and plain";
		request->files[request->file_count++] = word;
	}
	if (!word)
		return "there are no arguments";
	while ((word = next(cursor))) {
		if (request->argument_count == LAUNCH_ARGUMENTS_MAX)
			return "too many arguments";
		if (!argument_valid(word))
			return "an argument is the launcher's to give";
		request->arguments[request->argument_count++] = word;
	}
	return NULL;
}

const char *launch_request_parse(
    struct launch_request *request, const char *message, size_t size, unsigned fd_count)
{
	struct cursor cursor = {message, size};
	memset(request, 0, sizeof(*request));
	if (!size || size > LAUNCH_MESSAGE_MAX || message[size - 1])
		return "it is empty, too long or has no end";
	const char *magic = next(&cursor), *operation = next(&cursor);
	if (strcmp(magic, "qvl1") || !operation)
		return "it is no request";
	if (!strcmp(operation, "kill")) {
		request->operation = LAUNCH_KILL;
		return fd_count == 1 && !cursor.left ? NULL : "a kill takes a pidfd";
	}
	if (!strcmp(operation, "pair")) {
		request->operation = LAUNCH_PAIR;
		return fd_count == LAUNCH_PAIR_FDS && !cursor.left
		           ? NULL
		           : "a pair takes a pidfd and a socket";
	}
	if (!strcmp(operation, "about")) {
		request->operation = LAUNCH_ABOUT;
		return !fd_count && !cursor.left ? NULL : "about takes nothing";
	}
	if (!strcmp(operation, "confine")) {
		request->operation = LAUNCH_CONFINE;
		return fd_count == 1 ? parse_confine(request, &cursor) : "to confine takes a pidfd";
	}
	bool build = !strcmp(operation, "build");
	request->zygote = !strcmp(operation, "zygote");
	if (!build && !request->zygote && strcmp(operation, "start"))
		return "the operation is unknown";
	request->operation = LAUNCH_START;
	if (fd_count != (request->zygote ? LAUNCH_ZYGOTE_FDS : LAUNCH_START_FDS))
		return "a start takes three descriptors, a zygote four";
	return parse_start(request, build, &cursor);
}
