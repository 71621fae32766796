/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/spare.h"

#include "common/error.h"
#include "qvisor/folder.h"
#include "qvisor/phone_record.h"
#include "qvisor/template_store.h"

struct spares {
	struct host *host;
	spare_prepared_fn prepared;
	void *data;
	GPtrArray *ending; /* struct spare *, killed and not gone yet */
};

static void spare_delete(struct spare *spare)
{
	g_autofree char *folder = g_strdup(spare->phone->folder);
	g_autoptr(GError) error = NULL;
	phone_free(spare->phone);
	if (!folder_delete(folder, &error))
		g_warning("a QEMU that waited: %s", error->message);
	g_free(spare);
}

static void on_gone(void *data, struct phone *phone, const GError *error)
{
	(void)phone, (void)error;
	struct spare *spare = data;
	g_ptr_array_remove_fast(spare->spares->ending, spare);
	spare_delete(spare);
}

static void on_prepared(void *data, struct phone *phone, const GError *error)
{
	struct spare *spare = data;
	spare->waits = !error;
	spare->spares->prepared(spare->spares->data, spare, error);
	if (!error)
		return;
	g_ptr_array_add(spare->spares->ending, spare);
	/* What is left of it does not keep the template from being deleted, its record neither. */
	template_store_release(spare->spares->host->templates, phone->template);
	g_clear_pointer(&phone->template, template_free);
	g_free(phone->template_base);
	phone->template_base = g_strdup("");
	phone_record_store(phone, NULL);
	phone_wait_gone(phone, on_gone, spare);
}

struct spare *spare_new(struct spares *spares, struct template *template, GError **error)
{
	struct phone *phone = phone_new(spares->host, template, NULL, NULL, NULL, NULL, error);
	if (!phone)
		return NULL;
	struct spare *spare = g_new0(struct spare, 1);
	*spare = (struct spare){.spares = spares, .phone = phone};
	return spare;
}

void spare_prepare(struct spare *spare, int fork_socket)
{
	phone_prepare(spare->phone, fork_socket, on_prepared, spare);
}

void spare_end(struct spare *spare)
{
	g_autoptr(GError) error =
	    g_error_new_literal(QVMI_ERROR, QVMI_ERROR_CANCELLED, "it is not wanted any more");
	phone_start_abort(spare->phone, error); /* on_prepared() follows at once */
}

struct phone *spare_take(struct spare *spare)
{
	struct phone *phone = spare->phone;
	g_free(spare);
	return phone;
}

struct spares *spares_new(struct host *host, spare_prepared_fn prepared, void *data)
{
	struct spares *spares = g_new(struct spares, 1);
	*spares = (struct spares){host, prepared, data, g_ptr_array_new()};
	return spares;
}

void spares_free(struct spares *spares)
{
	if (!spares)
		return;
	for (unsigned i = 0; i < spares->ending->len; i++) {
		struct spare *spare = g_ptr_array_index(spares->ending, i);
		const struct qemu_process *process = spare->phone->process;
		if (process)
			qemu_process_end(process->launcher, process->pid, process->start_time);
		spare_delete(spare);
	}
	g_ptr_array_unref(spares->ending);
	g_free(spares);
}
