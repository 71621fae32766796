/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/password_worker.h"

#include "common/error.h"

struct password_worker {
	struct password_cost cost;
	unsigned max_jobs;
	uint64_t computed;
	char *decoy;
	GThreadPool *threads;
	GQueue jobs; /* all that have no answer yet; main thread only */
};

struct job {
	struct password_worker *worker;
	GList link; /* in worker->jobs */
	char *encoded, *password;
	bool decoy;
	password_verify_fn verified; /* one of the two is set */
	password_hash_fn hashed;
	void *data;
	/* Written by the thread before it hands the job back. */
	bool matches;
	char *result;
	GError *error;
	bool finished;
};

static void job_free(struct job *job)
{
	password_wipe(job->password);
	g_free(job->encoded);
	g_free(job->result);
	g_clear_error(&job->error);
	g_free(job);
}

static gboolean job_deliver(void *data)
{
	struct job *job = data;
	g_queue_unlink(&job->worker->jobs, &job->link);
	if (job->verified)
		job->verified(job->matches && !job->decoy, job->result, job->error, job->data);
	else
		job->hashed(job->result, job->error, job->data);
	job_free(job);
	return G_SOURCE_REMOVE;
}

/* In a thread of the pool; touches nothing but the job and the worker's constants. */
static void job_compute(void *data, void *worker_data)
{
	struct job *job = data;
	const struct password_worker *worker = worker_data;
	if (job->hashed) {
		job->result = password_hash(job->password, &worker->cost, &job->error);
	} else {
		job->matches = password_verify(job->encoded, job->password, &job->error);
		if (job->matches && !job->decoy &&
		    !password_is_current(job->encoded, &worker->cost))
			job->result = password_hash(job->password, &worker->cost, NULL);
	}
	job->finished = true;
	g_idle_add_full(G_PRIORITY_DEFAULT, job_deliver, job, NULL);
}

struct password_worker *password_worker_new(
    const struct password_cost *cost, unsigned threads, unsigned max_queued, GError **error)
{
	AUTO(password_worker) worker = g_new0(struct password_worker, 1);
	worker->cost = *cost;
	worker->max_jobs = threads + max_queued;
	g_queue_init(&worker->jobs);
	worker->decoy = password_hash("a password that nobody has", cost, error);
	if (worker->decoy)
		worker->threads =
		    g_thread_pool_new(job_compute, worker, (int)threads, FALSE, error);
	return worker->threads ? g_steal_pointer(&worker) : NULL;
}

void password_worker_free(struct password_worker *worker)
{
	if (!worker)
		return;
	if (worker->threads)
		g_thread_pool_free(worker->threads, TRUE, TRUE);
	/* No thread is left, so `finished` tells which jobs have an idle source of their own. */
	while (worker->jobs.head) {
		struct job *job = worker->jobs.head->data;
		if (job->finished)
			g_idle_remove_by_data(job);
		g_clear_error(&job->error);
		g_clear_pointer(&job->result, g_free);
		job->matches = false;
		job->error =
		    g_error_new(QVMI_ERROR, QVMI_ERROR_CANCELLED, "the broker is being stopped");
		job_deliver(job);
	}
	g_free(worker->decoy);
	g_free(worker);
}

static bool submit(struct password_worker *worker, struct job *job, GError **error)
{
	if (worker->jobs.length >= worker->max_jobs) {
		g_set_error_literal(error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE,
		    "too many people are signing in at this moment; try again in a few seconds");
		job_free(job);
		return false;
	}
	job->worker = worker;
	job->link.data = job;
	g_queue_push_tail_link(&worker->jobs, &job->link);
	worker->computed++;
	/* The error of a push is "no new thread": the threads there are take the job then. */
	g_thread_pool_push(worker->threads, job, NULL);
	return true;
}

bool password_worker_verify(struct password_worker *worker, const char *encoded,
    const char *password, password_verify_fn done, void *data, GError **error)
{
	struct job *job = g_new0(struct job, 1);
	job->decoy = encoded == NULL;
	job->encoded = g_strdup(encoded ? encoded : worker->decoy);
	job->password = g_strdup(password);
	job->verified = done;
	job->data = data;
	return submit(worker, job, error);
}

bool password_worker_hash(struct password_worker *worker, const char *password,
    password_hash_fn done, void *data, GError **error)
{
	struct job *job = g_new0(struct job, 1);
	job->password = g_strdup(password);
	job->hashed = done;
	job->data = data;
	return submit(worker, job, error);
}

uint64_t password_worker_computed(const struct password_worker *worker)
{
	return worker->computed;
}
