/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/application.h"

#include "agent/command.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LAUNCH_TIMEOUT_MS 30000
#define SUFFIX ".desktop"

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool application_id_is_valid(const char *id)
{
	size_t length = strlen(id);
	if (length < 1 || length > APPLICATION_ID_MAX || !is_alnum(id[0]))
		return false;
	for (const char *c = id; *c; c++)
		if (!is_alnum(*c) && *c != '.' && *c != '_' && *c != '-')
			return false;
	return true;
}

static bool id_from_file_name(char *id, size_t size, const char *file_name)
{
	size_t length = strlen(file_name), suffix = strlen(SUFFIX);
	if (length <= suffix || length - suffix >= size ||
	    strcmp(file_name + length - suffix, SUFFIX) != 0)
		return false;
	memcpy(id, file_name, length - suffix);
	id[length - suffix] = '\0';
	return application_id_is_valid(id);
}

/* The part after "key=", or NULL. Keys of other languages, "key[de]=", do not match. */
static const char *value_of(const char *line, const char *key)
{
	size_t length = strlen(key);
	if (strncmp(line, key, length) != 0)
		return NULL;
	line += length;
	line += strspn(line, " ");
	if (*line != '=')
		return NULL;
	line++;
	return line + strspn(line, " ");
}

static bool is_true(const char *value)
{
	return value && strcmp(value, "true") == 0;
}

static bool has_item(const char *list, const char *item)
{
	size_t length = strlen(item);
	for (const char *at = list; *at; at += strcspn(at, ";"), at += *at == ';')
		if (strcspn(at, ";") == length && strncmp(at, item, length) == 0)
			return true;
	return false;
}

bool application_read(struct application *application, const char *directory, const char *file_name)
{
	char path[512], line[4096];
	int n = snprintf(path, sizeof(path), "%s/%s", directory, file_name);
	if (n < 0 || (size_t)n >= sizeof(path) ||
	    !id_from_file_name(application->id, sizeof(application->id), file_name))
		return false;
	FILE *file = fopen(path, "re");
	if (!file)
		return false;
	application->name[0] = '\0';
	bool in_entry = false, is_application = false, shown = true;
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\r\n")] = '\0';
		const char *value;
		if (line[0] == '[')
			in_entry = strcmp(line, "[Desktop Entry]") == 0;
		if (!in_entry)
			continue;
		if ((value = value_of(line, "Type")))
			is_application = strcmp(value, "Application") == 0;
		else if ((value = value_of(line, "Name")))
			snprintf(application->name, sizeof(application->name), "%s", value);
		else if (is_true(value_of(line, "NoDisplay")) || is_true(value_of(line, "Hidden")))
			shown = false;
		else if ((value = value_of(line, "OnlyShowIn")))
			shown = shown && (has_item(value, "GNOME") || has_item(value, "Phosh"));
		else if ((value = value_of(line, "NotShowIn")))
			shown = shown && !has_item(value, "GNOME") && !has_item(value, "Phosh");
	}
	fclose(file);
	return is_application && shown && application->name[0];
}

static int by_id(const void *a, const void *b)
{
	return strcmp(((const struct application *)a)->id, ((const struct application *)b)->id);
}

struct json_object *application_list(const char *directory)
{
	struct json_object *list = json_object_new_array();
	struct application *found = calloc(APPLICATION_LIST_MAX, sizeof(*found));
	DIR *dir = opendir(directory);
	size_t count = 0;
	if (dir && found)
		for (struct dirent *entry = readdir(dir); entry && count < APPLICATION_LIST_MAX;
		     entry = readdir(dir))
			if (application_read(&found[count], directory, entry->d_name))
				count++;
	if (dir)
		closedir(dir);
	if (count > 0)
		qsort(found, count, sizeof(*found), by_id);
	for (size_t i = 0; i < count; i++) {
		struct json_object *item = json_object_new_object();
		json_object_object_add(item, "id", json_object_new_string(found[i].id));
		json_object_object_add(item, "name", json_object_new_string(found[i].name));
		json_object_array_add(list, item);
	}
	free(found);
	return list;
}

bool application_launch(const char *directory, const char *id, uid_t uid, struct rpc_error *error)
{
	char file_name[APPLICATION_ID_MAX + sizeof(SUFFIX)], bus[96];
	struct application application;
	struct account account;
	struct account_environment environment;
	if (!application_id_is_valid(id))
		return rpc_fail(error, RPC_INVALID_PARAMS,
		    "id must be a desktop file's name without \".desktop\"");
	snprintf(file_name, sizeof(file_name), "%s%s", id, SUFFIX);
	if (!application_read(&application, directory, file_name))
		return rpc_fail(error, RPC_FAILED,
		    "no such application in this phone; application.list names those it has");
	if (!account_find(&account, "/etc/passwd", uid))
		return rpc_fail(error, RPC_FAILED, "this phone has no user %u", (unsigned)uid);

	snprintf(bus, sizeof(bus), "/run/user/%u/bus", (unsigned)uid);
	if (access(bus, F_OK) != 0)
		return rpc_fail(
		    error, RPC_FAILED, "nobody's session is up yet; wait for agent.ready");
	account_environment(&environment, &account);
	/* The unit lives as long as anything in it does: gtk-launch itself ends at once. */
	const char *const argv[] = {"/usr/bin/systemd-run", "--user", "--quiet", "--collect",
	    "--slice=app.slice", "--property=ExitType=cgroup", "--", "/usr/bin/gtk-launch", id,
	    NULL};
	return command_run(argv, environment.list, &account, LAUNCH_TIMEOUT_MS, error);
}
