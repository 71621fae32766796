/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The end of a departure: who has the phone, and what is done with what is left of it here. */
#include <fcntl.h>
#include <string.h>

#include "common/error.h"
#include "common/json.h"
#include "qvisor/departure_private.h"
#include "qvisor/migration.h"
#include "qvisor/phone_key.h"
#include "qvisor/phone_record.h"
#include "qvisor/phone_table.h"
#include "qvisor/phone_volume.h"
#include "qvisor/sealed_copy.h"
#include "qvisor/user_volume_store.h"

#define ASK_AGAIN_MS 1000

/* --- it is there: removed here --- */

struct removal {
	struct host *host;
	char *uuid;
};

/* What is left of it, if nobody has taken it away meanwhile. Frees. */
static struct phone *removal_end(struct removal *removal)
{
	struct phone *phone = phone_table_find(removal->host->phones, removal->uuid, NULL);
	g_free(removal->uuid);
	g_free(removal);
	return phone && phone->left ? phone : NULL;
}

static void on_overwritten(void *data, const GError *error)
{
	struct phone *phone = removal_end(data);
	if (error)
		g_warning(
		    "the disk of a phone that has left was not overwritten: %s", error->message);
	if (phone)
		phone_destroy(phone, NULL, NULL);
}

/* What is wiped there has to be nowhere here. */
static void on_told(struct errand *errand)
{
	struct removal *removal = errand->data;
	struct phone *phone = phone_table_find(removal->host->phones, removal->uuid, NULL);
	g_autofree char *overlay =
	    phone ? g_build_filename(phone->folder, "overlay.qcow2", NULL) : NULL;
	int file = overlay ? open(overlay, O_RDWR | O_CLOEXEC | O_NOFOLLOW) : -1;
	errand_free(errand);
	if (file >= 0)
		sealed_copy_overwrite(file, on_overwritten, removal);
	else
		on_overwritten(removal, NULL);
}

/* First written down, so that a qvisord after us asks no more; then the other host is told, which
 * has kept a mark of the ticket until now; then it goes. */
static void remove_phone(struct departure *d)
{
	struct phone *phone = d->phone;
	g_autoptr(GError) error = NULL;
	struct removal *removal = g_new(struct removal, 1);
	*removal = (struct removal){d->host, g_strdup(d->uuid)};
	if (phone->state == PHONE_RUNNING)
		phone_set_state(phone, PHONE_STOPPING, "it has moved to another host");
	phone->left = true;
	if (!phone_record_store_durably(phone, &error) ||
	    !phone_key_destroy(phone->folder, &error) ||
	    (phone->volume &&
	        !user_volume_store_destroy_key(d->host->volumes, phone->volume->id, &error)))
		g_warning("phone %s: %s", d->uuid, error->message);
	if (phone->process)
		qemu_process_kill(phone->process);
	errand_go(departure_errand(d), errand_done, on_told, removal);
}

static JsonNode *result_of(const struct departure *d, int64_t now)
{
	JsonObject *result = json_object_new();
	json_object_set_string_member(result, "to", d->place);
	json_object_set_int_member(
	    result, "downtime_ms", d->stopped ? (now - d->stopped) / 1000 : 0);
	json_object_set_int_member(result, "total_ms", (now - d->begin) / 1000);
	json_object_set_int_member(result, "memory_bytes",
	    d->memory_link ? (int64_t)migration_link_bytes(d->memory_link) : 0);
	json_object_set_int_member(
	    result, "file_bytes", d->files_link ? (int64_t)migration_link_bytes(d->files_link) : 0);
	json_object_set_int_member(result, "pages", (int64_t)d->figures.pages);
	json_object_set_int_member(result, "pages_sent", (int64_t)d->figures.kept);
	return json_node_of(result);
}

void departure_end_operation(struct departure *d)
{
	struct operation *operation = g_steal_pointer(&d->operation);
	if (!operation)
		return;
	g_signal_handler_disconnect(operation_cancellable(operation), d->cancelled);
	if (d->error)
		operation_fail(operation, d->error);
	else
		operation_succeed(operation, result_of(d, g_get_monotonic_time()));
}

static void succeed(struct departure *d)
{
	g_message("phone %s runs at %s: %.3f s, stood still for %.3f s", d->uuid, d->place,
	    (double)(g_get_monotonic_time() - d->begin) / 1e6,
	    d->stopped ? (double)(g_get_monotonic_time() - d->stopped) / 1e6 : 0.0);
	departure_end_operation(d);
	if (d->phone)
		remove_phone(d);
	departure_free(d);
}

/* --- who has it --- */

static void set_leaving(struct phone *phone, const char *place, const char *ticket)
{
	g_free(phone->leaving_to);
	g_free(phone->leaving_ticket);
	phone->leaving_to = g_strdup(place);
	phone->leaving_ticket = g_strdup(ticket);
}

/* The other host says that it never ran there, nor will. */
static void take_back(struct departure *d, const GError *cause)
{
	g_autoptr(GError) error = NULL;
	d->handed_over = false;
	if (d->phone) {
		set_leaving(d->phone, NULL, NULL);
		g_clear_pointer(&d->phone->reason, g_free);
		if (!phone_record_store_durably(d->phone, &error))
			g_warning("phone %s: %s", d->uuid, error->message);
	}
	departure_fail(d, cause);
}

static void on_asked(struct errand *errand);

static gboolean on_ask(void *data)
{
	struct departure *d = data;
	d->tick = 0;
	departure_go(d, departure_errand(d), errand_ask, on_asked);
	return G_SOURCE_REMOVE;
}

static void ask_later(struct departure *d, const GError *why)
{
	struct phone *phone = d->phone;
	if (phone && !d->asked++) {
		g_free(phone->reason);
		phone->reason = g_strdup_printf(
		    "it was handed over to %s, which has to say whether it runs there", d->place);
		g_warning("phone %s: %s: %s", d->uuid, phone->reason, why->message);
	}
	departure_progress(d, 0.99, "asking the other host");
	d->tick = g_timeout_add(ASK_AGAIN_MS, on_ask, d);
}

static void on_asked(struct errand *errand)
{
	struct departure *d = errand->data;
	g_autoptr(GError) error = g_steal_pointer(&errand->error);
	bool runs = errand->runs;
	errand_free(errand);
	d->errands--;
	if (d->error) { /* it was taken back meanwhile */
		departure_fail(d, d->error);
	} else if (error) {
		ask_later(d, error);
	} else if (runs) {
		succeed(d);
	} else {
		g_autoptr(GError) never = g_error_new(QVMI_ERROR, QVMI_ERROR_UNAVAILABLE,
		    "%s has given the phone up before it ran there", d->place);
		take_back(d, never);
	}
}

bool departure_take_back(struct phone *phone, GError **error)
{
	struct departure *d = phone->departure;
	if (!d || !d->handed_over || !d->asked || phone->left) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT, "%s",
		    d && d->handed_over ? "the other host has not been asked in vain yet; wait"
		                        : "the phone was not handed over to another host: there is "
		                          "nothing to take back");
		return false;
	}
	g_warning("phone %s is taken back from %s by order", d->uuid, d->place);
	g_autoptr(GError) cause = g_error_new(QVMI_ERROR, QVMI_ERROR_CANCELLED,
	    "it was taken back from %s, which does not answer, by order", d->place);
	take_back(d, cause);
	return true;
}

static void on_handed_over(struct errand *errand)
{
	struct departure *d = errand->data;
	g_autoptr(GError) error = g_steal_pointer(&errand->error);
	bool runs = errand->runs;
	errand_free(errand);
	d->errands--;
	if (runs)
		succeed(d);
	else if (g_error_matches(error, QVMI_ERROR, QVMI_ERROR_CANCELLED))
		take_back(d, error);
	else
		ask_later(d, error);
}

void departure_hand_over(struct departure *d)
{
	g_autoptr(GError) error = NULL;
	if (!d->copied || (d->live && !(d->migrated && d->loaded)))
		return;
	departure_progress(d, 0.98, "handing over");
	g_clear_handle_id(&d->tick, g_source_remove);
	set_leaving(d->phone, d->place, d->ticket);
	if (!phone_record_store_durably(d->phone, &error)) {
		set_leaving(d->phone, NULL, NULL);
		departure_fail(d, error);
		return;
	}
	d->handed_over = true;
	d->qemu_at_it = false;
	departure_go(d, departure_files_errand(d), errand_hand_over, on_handed_over);
}

void departure_resume(struct phone *phone)
{
	if (!phone->leaving_to)
		return;
	if (!phone->host->migration) {
		phone->busy = "on another host, or not: set migration.address to ask it";
		g_warning("phone %s is %s", phone->uuid, phone->busy);
		return;
	}
	struct departure *d = departure_new(phone, phone->leaving_to, phone->leaving_ticket);
	d->handed_over = true;
	if (phone->left) {
		remove_phone(d);
		departure_free(d);
	} else {
		d->tick = g_timeout_add(0, on_ask, d);
	}
}
