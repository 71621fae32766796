/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/realm_settings.h"

#include <string.h>
#include <unistd.h>

#include "broker/tls_binding.h"
#include "common/error.h"

static bool invalid(const char *what, GError **error)
{
	g_set_error_literal(error, QVMI_ERROR, QVMI_ERROR_INVALID, what);
	return false;
}

static bool need(const char *value, const char *key, GError **error)
{
	if (value)
		return true;
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID, "%s is not set", key);
	return false;
}

static bool need_file(const char *path, const char *key, GError **error)
{
	if (!need(path, key, error))
		return false;
	if (access(path, R_OK) == 0)
		return true;
	return qvmi_error_set_errno(error, errno, "%s: %s", key, path);
}

static bool read_binding(
    struct realm_settings *settings, const char *word, const char *certificate, GError **error)
{
	if (g_str_equal(word, "off"))
		settings->binding = REALM_BINDING_OFF;
	else if (g_str_equal(word, "offered"))
		settings->binding = REALM_BINDING_OFFERED;
	else if (g_str_equal(word, "required"))
		settings->binding = REALM_BINDING_REQUIRED;
	else
		return invalid("kerberos.channel-binding is required, offered or off", error);
	if (settings->binding != REALM_BINDING_OFF)
		settings->tls_binding = tls_binding_of_file(certificate, error);
	return settings->binding == REALM_BINDING_OFF || settings->tls_binding;
}

static char *copy(const struct config *config, const char *group, const char *key)
{
	return g_strdup(config_string(config, group, key));
}

static bool read_kerberos(
    struct realm_settings *settings, const struct config *config, GError **error)
{
	struct realm_options *options = &settings->options;
	const char *service = config_string(config, "kerberos", "service");
	if (!need(service, "kerberos.service", error))
		return false;
	options->service = strchr(service, '@') ? g_strdup(service)
	                                        : g_strconcat(service, "@", options->realm, NULL);
	options->keytab = copy(config, "kerberos", "keytab");
	options->krb5_config = copy(config, "kerberos", "config");
	options->replay_cache = copy(config, "kerberos", "replay-cache");
	return need_file(options->keytab, "kerberos.keytab", error) &&
	       (!options->krb5_config || need_file(options->krb5_config, "kerberos.config", error));
}

static bool check_servers(const char *servers, GError **error)
{
	g_auto(GStrv) urls = g_strsplit(servers, " ", -1);
	for (char **url = urls; *url; url++)
		if (**url && !g_str_has_prefix(*url, "ldap://") &&
		    !g_str_has_prefix(*url, "ldaps://"))
			return invalid(
			    "directory.servers: ldap:// and ldaps:// with spaces between", error);
	return true;
}

static bool read_directory(
    struct realm_settings *settings, const struct config *config, GError **error)
{
	struct realm_options *options = &settings->options;
	options->servers = copy(config, "directory", "servers");
	if (!options->servers)
		return true;
	options->ca = copy(config, "directory", "ca");
	options->bind = copy(config, "directory", "bind");
	options->bind_dn = copy(config, "directory", "bind-dn");
	options->bind_password = copy(config, "directory", "bind-password-file");
	options->people_base = copy(config, "directory", "people-base");
	options->person_filter = copy(config, "directory", "person-filter");
	options->group_base = copy(config, "directory", "group-base");
	options->group_filter = copy(config, "directory", "group-filter");
	options->group_attribute = copy(config, "directory", "group-attribute");
	bool simple = g_str_equal(options->bind, "simple");
	if (!simple && !g_str_equal(options->bind, "gssapi"))
		return invalid("directory.bind is gssapi or simple", error);
	if (!strstr(options->person_filter, "%u") && !strstr(options->person_filter, "%p"))
		return invalid("directory.person-filter has neither %u nor %p: everybody would be "
		               "the same person",
		    error);
	return check_servers(options->servers, error) &&
	       need(options->people_base, "directory.people-base", error) &&
	       (!options->ca || need_file(options->ca, "directory.ca", error)) &&
	       (!simple ||
	           (need(options->bind_dn, "directory.bind-dn", error) &&
	               need_file(options->bind_password, "directory.bind-password-file", error)));
}

static char *beside_us(const char *name)
{
	g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
	g_autofree char *folder = g_path_get_dirname(self ? self : "");
	return g_build_filename(folder, name, NULL);
}

struct realm_settings *realm_settings_load(
    const struct config *config, const char *certificate, GError **error)
{
	AUTO(realm_settings) settings = g_new0(struct realm_settings, 1);
	const char *trusted = config_string(config, "kerberos", "trusted-realms");
	const char *program = config_string(config, "kerberos", "program");
	settings->options.realm = copy(config, "kerberos", "realm");
	if (!settings->options.realm)
		return NULL;
	settings->trusted = g_strsplit_set(trusted ? trusted : "", " ,", -1);
	settings->rules = (struct principal_rules){.home = settings->options.realm,
	    .trusted = (const char *const *)settings->trusted,
	    .ignore_case = config_bool(config, "kerberos", "ignore-case")};
	settings->program = program ? g_strdup(program) : beside_us("brokerd-realm");
	settings->admin_group = copy(config, "directory", "admin-group");
	settings->cache_s = config_int(config, "directory", "cache-s");
	settings->deadline_us = config_int(config, "kerberos", "deadline-ms") * 1000;
	settings->processes = (unsigned)config_int(config, "kerberos", "processes");
	if (!read_kerberos(settings, config, error) || !read_directory(settings, config, error) ||
	    !read_binding(
	        settings, config_string(config, "kerberos", "channel-binding"), certificate, error))
		return NULL;
	return g_steal_pointer(&settings);
}

void realm_settings_free(struct realm_settings *settings)
{
	if (!settings)
		return;
	realm_options_clear(&settings->options);
	g_strfreev(settings->trusted);
	g_free(settings->program);
	g_free(settings->admin_group);
	g_clear_pointer(&settings->tls_binding, g_bytes_unref);
	g_free(settings);
}
