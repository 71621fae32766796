/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pool/decision.h"

#include <string.h>

#include "common/error.h"
#include "common/json.h"
#include "pool/name.h"

/* --- what both questions are made of --- */

static JsonObject *pool_json(const struct pool_record *pool, int total)
{
	JsonObject *object = json_object_new();

	json_object_set_string_member(object, "name", pool->name);
	json_object_set_string_member(object, "template", pool->template);
	json_object_set_int_member(object, "ready", pool->ready);
	json_object_set_int_member(object, "max", pool->max);
	json_object_set_int_member(object, "total", total);
	return object;
}

static JsonArray *hosts_json(const struct choice_host *hosts, unsigned n)
{
	JsonArray *array = json_array_new();

	for (unsigned i = 0; i < n; i++) {
		JsonObject *object = json_object_new();

		json_object_set_string_member(object, "id", hosts[i].id);
		json_object_set_int_member(object, "phones", hosts[i].phones);
		json_object_set_int_member(object, "memory_free_mib", hosts[i].memory_free_mib);
		json_object_set_int_member(object, "room", hosts[i].room);
		json_array_add_object_element(array, object);
	}
	return array;
}

static JsonArray *phones_json(const struct choice_phone *phones, unsigned n)
{
	JsonArray *array = json_array_new();

	for (unsigned i = 0; i < n; i++) {
		JsonObject *object = json_object_new();

		json_object_set_string_member(object, "uuid", phones[i].uuid);
		json_object_set_string_member(object, "host", phones[i].host);
		json_object_set_string_member(object, "state", phones[i].state);
		json_object_set_boolean_member(object, "agent_ready", phones[i].agent_ready);
		json_object_set_boolean_member(object, "own", phones[i].own);
		json_object_set_int_member(object, "created", phones[i].created);
		json_array_add_object_element(array, object);
	}
	return array;
}

static const struct choice_phone *find_phone(
    const struct choice_phone *phones, unsigned n, const char *uuid)
{
	for (unsigned i = 0; i < n; i++)
		if (strcmp(phones[i].uuid, uuid) == 0)
			return &phones[i];
	return NULL;
}

static int find_host(const struct choice_host *hosts, unsigned n, const char *id)
{
	for (unsigned i = 0; i < n; i++)
		if (strcmp(hosts[i].id, id) == 0)
			return (int)i;
	return -1;
}

/* Fewest phones, then most memory; -1: none has room. `taken` (may be NULL): clones already
 * decided, a host. */
static int emptiest(const struct choice_host *hosts, unsigned n, const int *taken)
{
	int best = -1, best_phones = 0;

	for (unsigned i = 0; i < n; i++) {
		int more = taken ? taken[i] : 0, phones = hosts[i].phones + more;

		if (taken && more >= hosts[i].room)
			continue;
		if (best >= 0 && (phones > best_phones ||
		                     (phones == best_phones &&
		                         hosts[i].memory_free_mib <= hosts[best].memory_free_mib)))
			continue;
		best = (int)i;
		best_phones = phones;
	}
	return best;
}

static bool invalid(GError **error, const char *format, const char *name)
{
	g_autofree char *text = g_strdup_printf("%.100s", name);
	g_autofree char *valid = g_utf8_make_valid(text, -1);

	g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID, "the rule's %s '%s'", format, valid);
	return false;
}

/* --- allocate --- */

void allocate_answer_clear(struct allocate_answer *answer)
{
	g_clear_pointer(&answer->subject, g_free);
}

JsonNode *allocate_question_json(const struct allocate_question *q)
{
	JsonObject *object = json_object_new();

	json_object_set_string_member(object, "user", q->user);
	json_object_set_string_member(object, "slot", q->slot);
	json_object_set_object_member(object, "pool", pool_json(q->pool, q->total));
	json_object_set_array_member(object, "phones", phones_json(q->phones, q->n_phones));
	json_object_set_array_member(object, "hosts", hosts_json(q->hosts, q->n_hosts));
	return json_node_of(object);
}

static void answer_set(struct allocate_answer *answer, int kind, const char *subject)
{
	answer->kind = kind;
	answer->subject = g_strdup(subject);
}

bool allocate_answer_parse(JsonObject *result, const struct allocate_question *q,
    struct allocate_answer *answer, GError **error)
{
	const char *phone = json_get_optional_string(result, "phone", 64, NULL);
	const char *clone = json_get_optional_string(result, "clone", NAME_MAX_LENGTH, NULL);
	const char *refuse = json_get_optional_string(result, "refuse", 256, NULL);

	if (!!phone + !!clone + !!refuse != 1)
		return invalid(error, "answer has to be one of", "phone, clone, refuse");
	if (phone) {
		if (!find_phone(q->phones, q->n_phones, phone))
			return invalid(error, "answer is a phone it was not offered:", phone);
		answer_set(answer, ALLOCATE_TAKE, phone);
	} else if (clone) {
		if (find_host(q->hosts, q->n_hosts, clone) < 0)
			return invalid(error, "answer is a host it was not offered:", clone);
		if (q->total >= q->pool->max)
			return invalid(error, "answer is a clone above max, on", clone);
		answer_set(answer, ALLOCATE_CLONE, clone);
	} else {
		answer_set(answer, ALLOCATE_REFUSE, refuse);
	}
	return true;
}

static bool better(const struct choice_phone *a, const struct choice_phone *b)
{
	if (a->own != b->own)
		return a->own;
	if (a->agent_ready != b->agent_ready)
		return a->agent_ready;
	if (a->created != b->created)
		return a->created < b->created;
	return strcmp(a->uuid, b->uuid) < 0;
}

/* The best that is own (state NULL) or in this state. */
static const struct choice_phone *best(const struct allocate_question *q, const char *state)
{
	const struct choice_phone *found = NULL;

	for (unsigned i = 0; i < q->n_phones; i++) {
		const struct choice_phone *p = &q->phones[i];
		bool fits = state ? strcmp(p->state, state) == 0 : p->own;

		if (fits && (!found || better(p, found)))
			found = p;
	}
	return found;
}

void allocate_builtin(const struct allocate_question *q, struct allocate_answer *answer)
{
	const struct choice_phone *phone = best(q, NULL);
	int host = emptiest(q->hosts, q->n_hosts, NULL);

	if (!phone)
		phone = best(q, "running");
	if (!phone && host >= 0 && q->total < q->pool->max) {
		answer_set(answer, ALLOCATE_CLONE, q->hosts[host].id);
		return;
	}
	if (!phone)
		phone = best(q, "creating");
	if (phone)
		answer_set(answer, ALLOCATE_TAKE, phone->uuid);
	else
		answer_set(answer, ALLOCATE_REFUSE,
		    host < 0 ? "no host can clone a phone now"
		             : "all phones of the pool are in use");
}

/* --- replenish --- */

void replenish_answer_clear(struct replenish_answer *answer)
{
	g_clear_pointer(&answer->clone, g_ptr_array_unref);
	g_clear_pointer(&answer->destroy, g_ptr_array_unref);
}

static void replenish_answer_init(struct replenish_answer *answer)
{
	answer->clone = g_ptr_array_new_with_free_func(g_free);
	answer->destroy = g_ptr_array_new_with_free_func(g_free);
}

JsonNode *replenish_question_json(const struct replenish_question *q)
{
	JsonObject *object = json_object_new(), *counts = json_object_new();

	json_object_set_int_member(counts, "ready", q->ready);
	json_object_set_int_member(counts, "creating", q->creating);
	json_object_set_int_member(counts, "leased", q->leased);
	json_object_set_int_member(counts, "kept", q->kept);
	json_object_set_object_member(object, "pool", pool_json(q->pool, q->total));
	json_object_set_object_member(object, "counts", counts);
	json_object_set_array_member(object, "spare", phones_json(q->spare, q->n_spare));
	json_object_set_array_member(object, "hosts", hosts_json(q->hosts, q->n_hosts));
	return json_node_of(object);
}

/* How many clones are allowed at all. */
static int clones_allowed(const struct replenish_question *q)
{
	return MAX(0, MIN(q->pool->ready - q->ready - q->creating, q->pool->max - q->total));
}

/* An empty Lua table may come as an empty object; absent means none. */
static JsonArray *names(JsonObject *result, const char *member, GError **error)
{
	JsonNode *node = json_object_get_member(result, member);

	if (!node || JSON_NODE_HOLDS_NULL(node) ||
	    (JSON_NODE_HOLDS_OBJECT(node) && json_object_get_size(json_node_get_object(node)) == 0))
		return json_array_new();
	if (JSON_NODE_HOLDS_ARRAY(node))
		return json_array_ref(json_node_get_array(node));
	invalid(error, "answer needs a list as", member);
	return NULL;
}

static const char *name_at(JsonArray *array, unsigned i)
{
	JsonNode *node = json_array_get_element(array, i);

	return JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == G_TYPE_STRING
	           ? json_node_get_string(node)
	           : "(not a string)";
}

static bool parse_clones(JsonObject *result, const struct replenish_question *q,
    struct replenish_answer *answer, GError **error)
{
	g_autoptr(JsonArray) array = names(result, "clone", error);
	g_autofree int *taken = g_new0(int, q->n_hosts + 1);
	int allowed = clones_allowed(q);

	if (!array)
		return false;
	for (unsigned i = 0; i < json_array_get_length(array); i++) {
		const char *id = name_at(array, i);
		int host = find_host(q->hosts, q->n_hosts, id);

		if (host < 0)
			return invalid(error, "answer clones on a host it was not offered:", id);
		if ((int)answer->clone->len >= allowed || taken[host] >= q->hosts[host].room)
			continue;
		taken[host]++;
		g_ptr_array_add(answer->clone, g_strdup(id));
	}
	return true;
}

static bool parse_destroys(JsonObject *result, const struct replenish_question *q,
    struct replenish_answer *answer, GError **error)
{
	g_autoptr(JsonArray) array = names(result, "destroy", error);
	int allowed = q->ready - q->pool->ready;

	if (!array)
		return false;
	for (unsigned i = 0; i < json_array_get_length(array); i++) {
		const char *uuid = name_at(array, i);

		if (!find_phone(q->spare, q->n_spare, uuid))
			return invalid(error, "answer destroys a phone that is not spare:", uuid);
		if ((int)answer->destroy->len < allowed &&
		    !g_ptr_array_find_with_equal_func(answer->destroy, uuid, g_str_equal, NULL))
			g_ptr_array_add(answer->destroy, g_strdup(uuid));
	}
	return true;
}

bool replenish_answer_parse(JsonObject *result, const struct replenish_question *q,
    struct replenish_answer *answer, GError **error)
{
	replenish_answer_init(answer);
	if (parse_clones(result, q, answer, error) && parse_destroys(result, q, answer, error))
		return true;
	replenish_answer_clear(answer);
	return false;
}

void replenish_builtin(const struct replenish_question *q, struct replenish_answer *answer)
{
	g_autofree int *taken = g_new0(int, q->n_hosts + 1);
	int missing = clones_allowed(q), surplus = q->ready - q->pool->ready;

	replenish_answer_init(answer);
	while (missing-- > 0) {
		int host = emptiest(q->hosts, q->n_hosts, taken);

		if (host < 0)
			break;
		taken[host]++;
		g_ptr_array_add(answer->clone, g_strdup(q->hosts[host].id));
	}
	for (int i = 0; i < surplus && i < (int)q->n_spare; i++)
		g_ptr_array_add(answer->destroy, g_strdup(q->spare[i].uuid));
}
