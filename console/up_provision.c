/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "console/up_provision.h"

#include <string.h>
#include <sys/random.h>

#include "common/error.h"
#include "common/file.h"
#include "common/json.h"
#include "console/api.h"

#define MANIFEST_MAX 65536
#define HOST "host-1"
#define HOST_WAIT_S 30

static bool cancelled(const struct up_provision *provision, GError **error)
{
	return g_cancellable_set_error_if_cancelled(provision->cancellable, error);
}

/* --- the host --- */

static bool add_host(const struct up_provision *provision, GError **error)
{
	g_autofree char *url = up_layout_url(provision->layout, "qvisord");
	g_autofree char *mtpd_url = up_layout_url(provision->layout, "mtpd");
	JsonObject *host = json_object_new(), *mtp = json_object_new();

	json_object_set_string_member(mtp, "address", provision->options->bind);
	json_object_set_int_member(mtp, "port", provision->options->ports + UP_PORT_MTP);
	json_object_set_int_member(
	    mtp, "websocket_port", provision->options->ports + UP_PORT_WEBSOCKET);
	json_object_set_string_member(host, "id", HOST);
	json_object_set_string_member(host, "url", url);
	json_object_set_string_member(host, "mtpd_url", mtpd_url);
	json_object_set_object_member(host, "mtp", mtp);
	return api_do(provision->pool, "POST", "/v1/hosts", host, error);
}

/* poold needs a moment to reach a new host, and does not know its templates before. */
static bool wait_host(const struct up_provision *provision, GError **error)
{
	gint64 until = g_get_monotonic_time() + HOST_WAIT_S * G_USEC_PER_SEC;

	while (!cancelled(provision, error)) {
		g_autoptr(JsonNode) node =
		    api_call(provision->pool, "GET", "/v1/hosts/" HOST, NULL, error);
		if (!node)
			return false;
		if (g_str_equal(api_string(json_node_get_object(node), "state"), "reachable"))
			return true;
		if (g_get_monotonic_time() > until) {
			g_set_error(error, QVMI_ERROR, QVMI_ERROR_TIMEOUT,
			    "poold does not reach qvisord; see their logs");
			return false;
		}
		g_usleep(50000);
		while (g_main_context_iteration(NULL, FALSE))
			;
	}
	return false;
}

/* --- the template --- */

static char *manifest_name(const char *manifest, GError **error)
{
	g_autoptr(JsonNode) node = json_load_file(manifest, MANIFEST_MAX, error);
	const char *name =
	    node ? json_get_string(json_node_get_object(node), "name", 64, error) : NULL;

	if (!name)
		g_prefix_error(error, "the image's manifest: ");
	return g_strdup(name);
}

static JsonNode *order_template(const struct up_provision *provision, GError **error)
{
	JsonObject *body = json_object_new();

	json_object_set_string_member(body, "host", HOST);
	json_object_set_string_member(body, "manifest", provision->manifest);
	return api_call(provision->pool, "POST", "/v1/templates", body, error);
}

static char *build_template(const struct up_provision *provision, GError **error)
{
	g_autofree char *name = manifest_name(provision->manifest, error);
	g_autofree char *what = name ? g_strdup_printf("template %s", name) : NULL;
	g_autoptr(JsonNode) order = name ? order_template(provision, error) : NULL;

	if (!order)
		return NULL;
	g_autoptr(JsonNode) result = api_follow(provision->pool,
	    api_string(json_node_get_object(order), "id"), what, provision->cancellable, error);
	if (!result) {
		g_prefix_error(error, "the template could not be built: ");
		return NULL;
	}
	return g_steal_pointer(&name);
}

static char *find_template(const struct up_provision *provision, GError **error)
{
	const char *found = NULL;
	g_autoptr(JsonNode) node = api_call(provision->pool, "GET", "/v1/templates", NULL, error);

	if (!node)
		return NULL;
	JsonArray *templates = api_list(node, "templates");
	for (unsigned i = 0; i < json_array_get_length(templates); i++) {
		JsonObject *one = json_array_get_object_element(templates, i);
		const char *name = api_string(one, "name");
		if (g_str_equal(api_string(one, "state"), "ready") &&
		    (!found || g_str_equal(name, "phone")))
			found = name;
	}
	if (!found)
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_NOT_FOUND,
		    "there is no phone to clone yet. Make an image with `deploy/image/build-phone` "
		    "and give its manifest: `qvmi up --manifest IMAGE/manifest.json`; `make demo` "
		    "does both");
	return g_strdup(found);
}

static bool make_pool(const struct up_provision *provision, const char *template, GError **error)
{
	JsonObject *pool = json_object_new();

	json_object_set_string_member(pool, "name", UP_POOL);
	json_object_set_string_member(pool, "template", template);
	json_object_set_int_member(pool, "ready", provision->options->small ? 1 : 2);
	json_object_set_int_member(pool, "max", 16);
	json_object_set_boolean_member(pool, "volatile", provision->volatile_phones);
	json_object_set_boolean_member(pool, "volumes", provision->options->volumes);
	json_object_set_string_member(pool, "rule", "allocate");
	return api_do(provision->pool, "POST", "/v1/pools", pool, error);
}

/* --- people --- */

char *up_password_file(const struct up_layout *layout, const char *user)
{
	return g_strdup_printf("%s/%s.password", layout->state, user);
}

/* 59 bits, in letters that are told apart on paper and typed on a phone. */
static char *random_password(GError **error)
{
	static const char letters[] = "abcdefghjkmnpqrstuvwxyz23456789";
	unsigned char random[12];
	GString *password = g_string_new(NULL);

	if (getrandom(random, sizeof(random), 0) != sizeof(random)) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_FAILED, "no random numbers");
		return g_string_free(password, TRUE);
	}
	for (unsigned i = 0; i < sizeof(random); i++)
		g_string_append_printf(password, "%s%c", i && i % 4 == 0 ? "-" : "",
		    letters[random[i] % (sizeof(letters) - 1)]);
	return g_string_free(password, FALSE);
}

static bool has_user(
    const struct up_provision *provision, const char *user, bool *has, GError **error)
{
	g_autoptr(JsonNode) node = api_call(provision->broker, "GET", "/v1/users", NULL, error);

	*has = false;
	if (!node)
		return false;
	JsonArray *users = api_list(node, "users");
	for (unsigned i = 0; i < json_array_get_length(users); i++)
		*has = *has || g_str_equal(user,
		                   api_string(json_array_get_object_element(users, i), "name"));
	return true;
}

/* The password is stored before the account has it, so that it is never lost. */
static bool ensure_user(
    const struct up_provision *provision, const char *user, bool admin, GError **error)
{
	g_autofree char *file = up_password_file(provision->layout, user);
	g_autofree char *stored = file_load(file, 256, NULL, NULL);
	g_autofree char *password = NULL;
	bool has;

	if (!has_user(provision, user, &has, error))
		return false;
	if (has && stored && *g_strchomp(stored))
		return true;
	password = random_password(error);
	g_autofree char *line = password ? g_strconcat(password, "\n", NULL) : NULL;
	if (!line || !file_store(file, line, strlen(line), 0600, error))
		return false;
	JsonObject *body = json_object_new();
	json_object_set_string_member(body, "password", password);
	if (has) {
		g_autofree char *path = http_path("/v1/users/%s/password", user);
		return api_do(provision->broker, "PUT", path, body, error);
	}
	json_object_set_string_member(body, "name", user);
	json_object_set_boolean_member(body, "admin", admin);
	return api_do(provision->broker, "POST", "/v1/users", body, error);
}

static bool ensure_package(const struct up_provision *provision, GError **error)
{
	JsonObject *package = json_object_new(), *grant = json_object_new();

	json_object_set_string_member(package, "id", "phone");
	json_object_set_string_member(package, "name", "Phone");
	json_object_set_string_member(package, "kind", "phone");
	json_object_set_string_member(package, "pool", UP_POOL);
	json_object_set_string_member(grant, "user", UP_USER);
	bool made = api_do(provision->broker, "POST", "/v1/packages", package, error);
	if (!made) {
		json_object_unref(grant);
		return false;
	}
	return api_do(provision->broker, "POST", "/v1/packages/phone/grants", grant, error);
}

bool up_provision(const struct up_provision *provision, GError **error)
{
	if (!ensure_user(provision, UP_USER, false, error) ||
	    !ensure_user(provision, UP_ADMIN, true, error) || !ensure_package(provision, error) ||
	    !add_host(provision, error) || !wait_host(provision, error))
		return false;
	g_autofree char *template = provision->manifest ? build_template(provision, error)
	                                                : find_template(provision, error);
	return template && !cancelled(provision, error) && make_pool(provision, template, error);
}
