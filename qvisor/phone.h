/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One phone: a folder with phone.json, overlay.qcow2, qmp.sock, agent.sock, qemu.log, and, while it
 * runs, one QEMU process.
 *
 * Happy path:  CREATING (cloned from its template or booted from its disk) -> RUNNING -> STOPPING
 * -> OFF, and from OFF to CREATING again. Failures:    a phone that cannot be created is removed;
 * one that cannot be started again, or whose QEMU dies, is FAILED with a reason and can be started
 * again. A guest that switches itself off goes from RUNNING to OFF. A RUNNING phone can become
 * SUSPENDED (phone_suspend.h); starting it then resumes it, and one that cannot be resumed is
 * SUSPENDED still. Main thread.
 */
#pragma once

#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "qvisor/agent.h"
#include "qvisor/heartbeat.h"
#include "qvisor/host.h"
#include "qvisor/performance.h"
#include "qvisor/qemu_process.h"
#include "qvisor/qmp.h"
#include "qvisor/template.h"

enum phone_state {
	PHONE_CREATING,
	PHONE_RUNNING,
	PHONE_STOPPING,
	PHONE_SUSPENDED,
	PHONE_OFF,
	PHONE_FAILED,
	PHONE_N_STATES
};

struct phone;
/* `error` NULL: done. Called once, from the main loop. The phone may be freed after a destroy:
 * `phone` is NULL then. */
typedef void (*phone_done_fn)(void *data, struct phone *phone, const GError *error);

/* Processors and memory; 0: as its template. */
struct phone_machine {
	unsigned cpus, memory_mib;
};

struct phone_waiter {
	phone_done_fn done; /* may be NULL */
	void *data;
};

struct phone {
	struct host *host;
	char *uuid, *name, *mac, *folder, *created;
	char *template_name, *template_base; /* the latter: last part of the template's folder */
	struct template *template;           /* held; NULL when it is not there any more */
	enum phone_state state;
	char *reason;     /* why it is off or failed, or what is wrong with it; NULL: nothing */
	bool established; /* has run: from then on only an order deletes it */
	const char *busy; /* what is being done to it that nothing may interrupt; NULL: nothing */
	bool cold;        /* its memory began empty and not as its template's */
	struct phone_machine booted;  /* what QEMU began with, this time or last */
	struct phone_machine machine; /* that, and what was plugged since */
	struct phone_machine wanted;  /* what it gets when it next boots from its disk */
	unsigned clone_ms;            /* request to running, of the last start */
	char *idempotency_key, *request_digest;
	char *arrival; /* ticket with which it comes or came (arrival.h); NULL */
	char *leaving_to, *leaving_ticket; /* handed over to there (departure.h); NULL */
	bool left;                         /* and it is known to be there */
	/* while it runs */
	struct qemu_process *process;
	struct qmp *qmp;
	struct agent *agent;
	struct phone_start *start;
	struct phone_stop *stop;
	struct phone_save *save;
	struct departure *departure;
	guint retry;                 /* connects again to what was lost */
	bool switched_off, restarts; /* what QEMU's SHUTDOWN event said */
	char *reach; /* its network policy (network_reach.h); NULL: as its host has it */
	bool has_network;
	/* While its interface is being plugged; stale: by a policy that is not its any more. */
	enum { NETWORK_PLUG_NONE, NETWORK_PLUG_UNDER_WAY, NETWORK_PLUG_STALE } network_plug;
	pid_t passt;                 /* our child; 0: none, or one of the daemon before us */
	struct phone_volume *volume; /* its user's; NULL: none */
	bool identity_set;
	struct performance_meter *meter; /* the performance agent's; NULL: none yet */
	struct heartbeat_pulse pulse;
	GPtrArray *gone; /* struct phone_waiter *: wait for the process to end */
};

const char *phone_state_name(enum phone_state state);
bool phone_transition_legal(enum phone_state from, enum phone_state to);
/* Moves on, records it, and logs it. An illegal transition is a programming error and aborts.
 * `reason` is copied, may be NULL or the phone's own. */
void phone_set_state(struct phone *phone, enum phone_state state, const char *reason);

/* A new one, state CREATING, with its folder and record. `uuid` and `name` may be NULL (made).
 * Takes its own reference of the template. */
struct phone *phone_new(struct host *host, struct template *template, const char *uuid,
    const char *name, const char *idempotency_key, const char *digest, GError **error);
/* Lets go of it: what runs lives on, nothing is deleted. */
void phone_free(struct phone *phone);

/* Clones or boots (phone_start.c). QVMI_ERROR_CONFLICT when it is not off; QVMI_ERROR_EXHAUSTED
 * before anything is begun when memory or disk are short. On failure the phone is FAILED, and what
 * was begun is undone. */
void phone_start(struct phone *phone, phone_done_fn done, void *data);
/* A clone of a verified template up to where only "cont" is missing; `prepared` is told when it
 * waits, and with an error when it fails, also later. phone_start() goes on from there; nobody is
 * told then. `fork_socket` (taken) is for one that others are forked from (zygote.h); -1: none.
 */
void phone_prepare(struct phone *phone, int fork_socket, phone_done_fn prepared, void *data);
/* The same of one that comes from another host: loads its state from `socket` (taken) instead. The
 * overlay is there. */
void phone_arrive(struct phone *phone, int socket, phone_done_fn loaded, void *data);
/* What waits becomes this phone: renames its folder. `uuid` and `name` may be NULL (its own). On
 * failure it is as it was, and of no use. */
bool phone_become(struct phone *phone, const char *uuid, const char *name,
    const char *idempotency_key, const char *digest, GError **error);
/* phone_room.c: QVMI_ERROR_EXHAUSTED when the host has no room for it; before that, the second one,
 * QVMI_ERROR_CONFLICT when it is not off. */
bool phone_check_room(const struct phone *phone, bool cold, GError **error);
bool phone_check_start(const struct phone *phone, bool cold, GError **error);
/* What a clone will need at first. */
uint64_t phone_memory_estimate_mib(const struct manifest *manifest);
/* Answers like the phone_start() that runs; only while phone->start is set. */
void phone_start_wait(struct phone *phone, phone_done_fn done, void *data);
void phone_start_abort(struct phone *phone, const GError *error);
/* What phone_start.c is told. */
void phone_start_exited(struct phone *phone, const char *how);
void phone_start_event(struct phone *phone, const char *name, JsonObject *payload);

/* Orderly through the agent, then ACPI, then by force when `timeout_s` is over; at once with
 * `force` (phone_stop.c). Done when QEMU is gone. A phone that is off already is done. */
void phone_stop(
    struct phone *phone, bool force, unsigned timeout_s, phone_done_fn done, void *data);
void phone_stop_finish(struct phone *phone);
/* Answers when its process is gone. */
void phone_wait_gone(struct phone *phone, phone_done_fn done, void *data);
/* Kills what runs and deletes the folder; the phone leaves the table and is freed. */
void phone_destroy(struct phone *phone, phone_done_fn done, void *data);

/* phone_link.c: everything between us and a QEMU that runs. */
bool phone_connect(struct phone *phone, GError **error);
void phone_connect_agent(struct phone *phone);
void phone_disconnect(struct phone *phone);
void phone_exited(void *data, const char *how);

/* QVMI_ERROR_CONFLICT that says what is being done to it, or nothing and true. */
bool phone_check_idle(const struct phone *phone, GError **error);

/* Calls every struct phone_waiter *; the phone may be gone after any of them. */
void phone_answer(struct phone *phone, GPtrArray *waiters, const GError *error);

/* phone_machine.c: what it has (`next`: will have when it next boots from its disk), no member 0.
 * Only while it has a template. */
struct phone_machine phone_machine_of(const struct phone *phone, bool next);
/* The same of what its QEMU began with. */
struct phone_machine phone_machine_booted(const struct phone *phone);
/* Gives it another one: at once what its machine has room for and its guest takes, the rest when it
 * next boots from its disk; a member that is 0 stays as it is. QVMI_ERROR_INVALID beyond what the
 * host has, QVMI_ERROR_CONFLICT for a phone without a disk that would have to boot.
 */
void phone_machine_change(
    struct phone *phone, struct phone_machine machine, phone_done_fn done, void *data);

/* phone_json.c: appends its object, as the API tells it. */
void phone_write_json(const struct phone *phone, GString *text);
DEFINE_CLEANUP(phone);
