/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pool/replenish.h"

#include "common/error.h"
#include "common/json.h"
#include "pool/record_phone.h"
#include "pool/work.h"

#define RULE "replenish"
#define ASK_AGAIN_US (10 * G_USEC_PER_SEC)

struct reserve {
	struct manager *manager;
	char *pool;
	bool asking;
	bool deleted;   /* while asking */
	char *question; /* the last one */
	int64_t asked;  /* monotonic */
};

/* A question, with what it borrows from. */
struct stock {
	struct pool_record *pool;
	GPtrArray *records;
	GArray *spare, *hosts;
	struct replenish_question question;
};

static void reserve_free(struct reserve *r)
{
	/* The rule's answer is still to come: it frees. */
	if (r->asking && !r->deleted) {
		r->deleted = true;
		return;
	}
	g_free(r->pool);
	g_free(r->question);
	g_free(r);
}

GHashTable *replenish_table_new(void)
{
	return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)reserve_free);
}

/* Present, nobody's, and running as far as its host says. */
static bool is_ready(struct manager *m, const struct phone_record *r)
{
	struct host *host = manager_host(m, r->host, NULL);
	const struct phone_truth *truth = manager_truth(m, r->host, r->uuid);

	return r->stage == PHONE_PRESENT && !r->lease && !r->owner && host &&
	       host_is_active(host) && truth && truth->state == PHONE_STATE_RUNNING;
}

struct pool_counts replenish_count(struct manager *m, GPtrArray *records)
{
	struct pool_counts counts = {.total = (int)records->len};

	for (unsigned i = 0; i < records->len; i++) {
		const struct phone_record *r = records->pdata[i];

		if (r->lease)
			counts.leased++;
		else if (r->owner)
			counts.kept++;
		else if (r->stage == PHONE_CREATING)
			counts.creating++;
		else if (is_ready(m, r))
			counts.ready++;
	}
	return counts;
}

static gint older(gconstpointer a, gconstpointer b)
{
	const struct choice_phone *one = a, *other = b;

	if (one->created != other->created)
		return one->created < other->created ? -1 : 1;
	return g_strcmp0(one->uuid, other->uuid);
}

static void stock_clear(struct stock *s)
{
	g_clear_pointer(&s->pool, pool_record_free);
	g_clear_pointer(&s->records, g_ptr_array_unref);
	g_clear_pointer(&s->spare, g_array_unref);
	g_clear_pointer(&s->hosts, g_array_unref);
}

static bool stock_take(struct stock *s, struct manager *m, const char *pool, GError **error)
{
	struct phone_filter filter = {.pool = pool};
	struct pool_counts counts;

	s->pool = pool_record_get(m->db, pool, error);
	s->records = s->pool ? phone_record_list(m->db, &filter, error) : NULL;
	if (!s->records)
		return false;
	counts = replenish_count(m, s->records);
	s->spare = g_array_new(FALSE, FALSE, sizeof(struct choice_phone));
	for (unsigned i = 0; i < s->records->len; i++) {
		const struct phone_record *r = s->records->pdata[i];
		struct choice_phone spare = {
		    .uuid = r->uuid, .host = r->host, .state = "running", .created = r->created};

		if (is_ready(m, r))
			g_array_append_val(s->spare, spare);
	}
	g_array_sort(s->spare, older);
	s->hosts = manager_choices(m, s->pool->template, NULL);
	s->question = (struct replenish_question){.pool = s->pool,
	    .total = counts.total,
	    .ready = counts.ready,
	    .creating = counts.creating,
	    .leased = counts.leased,
	    .kept = counts.kept,
	    .spare = (struct choice_phone *)s->spare->data,
	    .n_spare = s->spare->len,
	    .hosts = (struct choice_host *)s->hosts->data,
	    .n_hosts = s->hosts->len};
	return true;
}

static bool record_clone(struct manager *m, const struct pool_record *pool, const char *host,
    char uuid[UUID_SIZE], GError **error)
{
	struct phone_record phone = {.uuid = uuid,
	    .host = (char *)host,
	    .pool = pool->name,
	    .template = pool->template,
	    .stage = PHONE_CREATING,
	    .created = world_now(&m->world)};

	world_uuid(&m->world, uuid);
	return phone_record_insert(m->db, &phone, error);
}

static void start_clone(struct manager *m, const struct pool_record *pool, const char *host)
{
	g_autoptr(GError) error = NULL;
	char uuid[UUID_SIZE];
	struct work_task task = {
	    .kind = WORK_CREATE, .uuid = uuid, .host = host, .template = pool->template};

	if (record_clone(m, pool, host, uuid, &error))
		work_add(m, &task, NULL, NULL);
	else
		g_warning("pool %s: cannot record a clone: %s", pool->name, error->message);
}

static void destroy(struct manager *m, const struct replenish_question *q, const char *uuid)
{
	struct work_task task = {.kind = WORK_DESTROY, .uuid = uuid};

	for (unsigned i = 0; i < q->n_spare; i++)
		if (g_str_equal(q->spare[i].uuid, uuid))
			task.host = q->spare[i].host;
	if (manager_order_spare(m, uuid, task.host, "more ready clones than the pool keeps"))
		work_add(m, &task, NULL, NULL);
}

static void carry_out(
    struct manager *m, const struct replenish_question *q, const struct replenish_answer *answer)
{
	for (unsigned i = 0; i < answer->clone->len; i++)
		start_clone(m, q->pool, answer->clone->pdata[i]);
	for (unsigned i = 0; i < answer->destroy->len; i++)
		destroy(m, q, answer->destroy->pdata[i]);
}

static void decided(JsonObject *result, const GError *error, void *data)
{
	struct reserve *r = data;
	struct manager *m = r->manager;
	struct replenish_answer answer = {0};
	struct stock stock = {0};
	g_autoptr(GError) e = NULL;

	r->asking = false;
	(void)error; /* whatever it is: the built-in answer */
	if (r->deleted || m->closing) {
		if (r->deleted)
			reserve_free(r);
		return;
	}
	/* The world as it is now: the answer is checked against this, not against what was asked.
	 */
	if (!stock_take(&stock, m, r->pool, &e)) {
		g_warning("pool %s: %s", r->pool, e->message);
	} else {
		if (result && !replenish_answer_parse(result, &stock.question, &answer, &e))
			rules_complain(m->rules, RULE, e->message);
		if (!answer.clone)
			replenish_builtin(&stock.question, &answer);
		carry_out(m, &stock.question, &answer);
	}
	replenish_answer_clear(&answer);
	stock_clear(&stock);
}

static struct reserve *reserve_of(struct manager *m, const char *pool)
{
	struct reserve *r = g_hash_table_lookup(m->reserves, pool);

	if (r)
		return r;
	r = g_new0(struct reserve, 1);
	r->manager = m;
	r->pool = g_strdup(pool);
	g_hash_table_insert(m->reserves, g_strdup(pool), r);
	return r;
}

static void replenish_pool(struct manager *m, const char *pool)
{
	struct reserve *r = reserve_of(m, pool);
	int64_t now = world_monotonic(&m->world);
	struct stock stock = {0};
	g_autoptr(GError) error = NULL;

	if (r->asking)
		return;
	if (!stock_take(&stock, m, pool, &error)) {
		g_warning("pool %s: %s", pool, error->message);
	} else {
		JsonNode *question = replenish_question_json(&stock.question);
		g_autofree char *text = json_text(question);

		if (g_strcmp0(text, r->question) == 0 && now - r->asked < ASK_AGAIN_US) {
			json_node_unref(question);
		} else {
			g_free(r->question);
			r->question = g_steal_pointer(&text);
			r->asked = now;
			r->asking = true;
			rules_call(m->rules, RULE, "replenish", question, decided, r);
		}
	}
	stock_clear(&stock);
}

void replenish_all(struct manager *m)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) pools = pool_record_list(m->db, &error);

	if (!pools)
		g_warning("cannot read the pools: %s", error->message);
	for (unsigned i = 0; pools && i < pools->len; i++)
		replenish_pool(m, ((struct pool_record *)pools->pdata[i])->name);
}
