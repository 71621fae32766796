/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/phone_reset.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "common/error.h"
#include "qvisor/departure.h"
#include "qvisor/phone_key.h"
#include "qvisor/phone_record.h"
#include "qvisor/phone_save.h"
#include "qvisor/phone_snapshot.h"
#include "qvisor/phone_suspend.h"
#include "qvisor/phone_table.h"
#include "qvisor/phone_volume.h"
#include "qvisor/sealed_copy.h"
#include "qvisor/template_store.h"
#include "qvisor/user_volume_store.h"

struct order {
	struct host *host;
	char *uuid;
	struct template *template; /* to become; NULL: stays */
	GError *error;             /* the first */
	phone_done_fn done;
	void *data;
};

static struct order *order_new(const struct phone *phone, phone_done_fn done, void *data)
{
	struct order *order = g_new0(struct order, 1);
	*order = (struct order){
	    .host = phone->host, .uuid = g_strdup(phone->uuid), .done = done, .data = data};
	return order;
}

static void order_free(struct order *order)
{
	g_clear_pointer(&order->template, template_free);
	g_clear_error(&order->error);
	g_free(order->uuid);
	g_free(order);
}

static char *overlay_of(const struct phone *phone)
{
	return g_build_filename(phone->folder, "overlay.qcow2", NULL);
}

static void stop_and_wait(struct phone *phone, const char *reason, phone_done_fn done, void *data)
{
	phone->restarts = false;
	if (phone->state == PHONE_RUNNING)
		phone_set_state(phone, PHONE_STOPPING, reason);
	phone_wait_gone(phone, done, data);
}

/* --- reset --- */

static void change_template(struct phone *phone, struct template *template)
{
	struct template_store *store = phone->host->templates;
	template_store_hold(store, template);
	if (phone->template) {
		template_store_release(store, phone->template);
		template_free(phone->template);
	}
	phone->template = template_ref(template);
	g_free(phone->template_base);
	phone->template_base = g_path_get_basename(template->folder);
}

static void on_reset_gone(void *data, struct phone *phone, const GError *error)
{
	struct order *order = data;
	phone_done_fn done = order->done;
	void *whose = order->data;
	if (!phone || error) {
		done(whose, phone, error);
		order_free(order);
		return;
	}
	g_autofree char *overlay = overlay_of(phone);
	phone->busy = NULL;
	phone_suspend_forget(phone);
	unlink(overlay);
	if (order->template)
		change_template(phone, order->template);
	if (phone->state == PHONE_SUSPENDED)
		phone_set_state(phone, PHONE_OFF, NULL);
	g_message("phone %s is as its template %s", phone->uuid, phone->template_base);
	order_free(order);
	phone_start(phone, done, whose);
}

void phone_reset(struct phone *phone, bool upgrade, phone_done_fn done, void *data)
{
	g_autoptr(GError) error = NULL;
	struct template *template =
	    upgrade ? template_store_find(phone->host->templates, phone->template_name, &error)
	            : NULL;
	if (!error && !upgrade && !phone->template)
		g_set_error(&error, QVMI_ERROR, QVMI_ERROR_CONFLICT,
		    "its template %s is not there any more; reset it with \"upgrade\"",
		    phone->template_base);
	if (!error && template && template != phone->template && phone_snapshot_count(phone))
		g_set_error(&error, QVMI_ERROR, QVMI_ERROR_CONFLICT,
		    "the phone has snapshots, which fit the template %s only; delete them first",
		    phone->template_base);
	if (error || !phone_check_idle(phone, &error)) {
		done(data, phone, error);
		return;
	}
	struct order *order = order_new(phone, done, data);
	if (template && template != phone->template)
		order->template = template_ref(template);
	phone->busy = "being reset";
	stop_and_wait(phone, "it is being reset", on_reset_gone, order);
	phone_volume_kill(phone);
}

/* --- wipe --- */

static void keep_first(struct order *order, GError *error)
{
	if (!order->error)
		order->error = error;
	else
		g_clear_error(&error);
}

static void wipe_end(struct order *order, struct phone *phone)
{
	g_autofree char *overlay = phone ? overlay_of(phone) : NULL;
	if (phone) {
		phone->busy = NULL;
		unlink(overlay);
		if (phone->state == PHONE_SUSPENDED)
			phone_set_state(phone, PHONE_OFF, "it was wiped");
		if (order->error)
			g_warning("phone %s is not wiped: %s", phone->uuid, order->error->message);
		else
			g_message("phone %s is wiped", phone->uuid);
	}
	order->done(order->data, phone, order->error);
	order_free(order);
}

static void on_overwritten(void *data, const GError *error)
{
	struct order *order = data;
	g_autoptr(GError) lost = NULL;
	struct phone *phone = phone_table_find(order->host->phones, order->uuid, &lost);
	if (error)
		keep_first(order, g_error_copy(error));
	wipe_end(order, phone);
}

static void destroy_volume_key(struct order *order, const struct phone *phone)
{
	GError *error = NULL;
	if (phone->volume &&
	    !user_volume_store_destroy_key(phone->host->volumes, phone->volume->id, &error))
		keep_first(order, error);
}

static void destroy_volume(struct order *order, struct phone *phone)
{
	GError *error = NULL;
	if (!phone->volume)
		return;
	if (user_volume_store_destroy(phone->host->volumes, phone->volume->id, &error))
		phone_volume_drop(phone);
	else
		keep_first(order, error);
}

static void on_wipe_gone(void *data, struct phone *phone, const GError *error)
{
	struct order *order = data;
	if (!phone) {
		keep_first(order, g_error_copy(error));
		wipe_end(order, NULL);
		return;
	}
	phone_suspend_forget(phone);
	phone_snapshot_delete_all(phone);
	destroy_volume(order, phone);
	g_autofree char *overlay = overlay_of(phone);
	int file = open(overlay, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (file >= 0) {
		sealed_copy_overwrite(file, on_overwritten, order);
		return;
	}
	if (errno != ENOENT)
		keep_first(order, g_error_new(QVMI_ERROR, QVMI_ERROR_FAILED,
		                      "cannot overwrite %s: %s", overlay, g_strerror(errno)));
	wipe_end(order, phone);
}

void phone_wipe(struct phone *phone, phone_done_fn done, void *data)
{
	struct order *order = order_new(phone, done, data);
	g_autoptr(GError) cancelled =
	    g_error_new_literal(QVMI_ERROR, QVMI_ERROR_CANCELLED, "the phone is being wiped");
	GError *error = NULL;
	if (!phone_key_destroy(phone->folder, &error))
		keep_first(order, error);
	destroy_volume_key(order, phone);
	if (phone->start)
		phone_start_abort(phone, cancelled);
	phone_save_abort(phone, cancelled);
	departure_abort(phone, cancelled);
	phone->busy = "being wiped";
	stop_and_wait(phone, "it is being wiped", on_wipe_gone, order);
	if (phone->process)
		qemu_process_kill(phone->process);
}
