/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/rehearsal.h"

#include "common/error.h"
#include "qvisor/phone_network.h"
#include "qvisor/picture.h"

/* A clock's minute has other digits; a shell that was not left as it was found differs by more. */
#define DIFFERENCE_MAX 20 /* thousandths of the picture; Phosh's keypad on its lock screen: 66 */
#define LOOK_MS 2000
#define LOOKS_MAX 15

struct rehearsal {
	struct phone *phone;
	unsigned warm_s;
	rehearsal_done_fn done;
	void *data;
	enum { TALKING, TOUCHING, RESTING } state;
	bool touch;
	unsigned gesture, step; /* that is next */
	unsigned looks;         /* since it rests */
	GBytes *before;         /* its screen; NULL: is not compared */
	unsigned changed;       /* thousandths of it, at most, while it was touched */
	guint timer;
};

static gboolean on_look(void *data);

static void finish(struct rehearsal *rehearsal, const GError *error)
{
	rehearsal->done(rehearsal->data, error);
}

static void schedule(struct rehearsal *rehearsal, unsigned delay_ms, GSourceFunc next)
{
	rehearsal->timer = g_timeout_add(delay_ms, next, rehearsal);
}

/* Its QEMU may have ended a moment ago. */
static bool is_connected(struct rehearsal *rehearsal)
{
	g_autoptr(GError) error = NULL;
	if (rehearsal->phone->qmp)
		return true;
	error = g_error_new_literal(QVMI_ERROR, QVMI_ERROR_UNAVAILABLE, "its QEMU does not answer");
	finish(rehearsal, error);
	return false;
}

/* --- is it as before? --- */

static void on_after(void *data, GBytes *picture, const GError *error)
{
	struct rehearsal *rehearsal = data;
	if (error && g_error_matches(error, QVMI_ERROR, QVMI_ERROR_CANCELLED))
		return;
	unsigned differs = picture ? picture_difference(rehearsal->before, picture) : 0;
	if (error) {
		finish(rehearsal, error);
	} else if (differs <= DIFFERENCE_MAX) {
		g_message(
		    "\"%s\" has been touched for all of its clones: %u of 1000 pixels changed, "
		    "%u have stayed so",
		    rehearsal->phone->template_name, rehearsal->changed, differs);
		finish(rehearsal, NULL);
	} else if (++rehearsal->looks < LOOKS_MAX) {
		schedule(rehearsal, LOOK_MS, on_look);
	} else {
		g_autoptr(GError) changed = g_error_new(QVMI_ERROR, QVMI_ERROR_CONFLICT,
		    "its screen is not as it was before it was touched: %u of 1000 pixels differ",
		    differs);
		finish(rehearsal, changed);
	}
}

static gboolean on_look(void *data)
{
	struct rehearsal *rehearsal = data;
	rehearsal->timer = 0;
	if (!is_connected(rehearsal))
		return G_SOURCE_REMOVE;
	if (rehearsal->before)
		picture_take(rehearsal->phone->qmp, on_after, rehearsal);
	else
		finish(rehearsal, NULL);
	return G_SOURCE_REMOVE;
}

static void rest(struct rehearsal *rehearsal)
{
	rehearsal->state = RESTING;
	phone_network_cut(rehearsal->phone);
	schedule(rehearsal, rehearsal->warm_s * 500, on_look);
}

/* --- touch --- */

static gboolean on_touch(void *data);

static void on_between(void *data, GBytes *picture, const GError *error)
{
	struct rehearsal *rehearsal = data;
	if (error && g_error_matches(error, QVMI_ERROR, QVMI_ERROR_CANCELLED))
		return;
	unsigned differs = picture ? picture_difference(rehearsal->before, picture) : 0;
	rehearsal->changed = MAX(rehearsal->changed, differs);
	schedule(rehearsal, 0, on_touch);
}

static gboolean on_rested(void *data)
{
	struct rehearsal *rehearsal = data;
	rehearsal->timer = 0;
	if (is_connected(rehearsal))
		picture_take(rehearsal->phone->qmp, on_between, rehearsal);
	return G_SOURCE_REMOVE;
}

static gboolean on_touch(void *data)
{
	struct rehearsal *rehearsal = data;
	const struct manifest *manifest = rehearsal->phone->template->manifest;
	rehearsal->timer = 0;
	if (!is_connected(rehearsal))
		return G_SOURCE_REMOVE;
	if (rehearsal->gesture == manifest->rehearsal_count) {
		rest(rehearsal);
		return G_SOURCE_REMOVE;
	}
	const struct gesture *gesture = &manifest->rehearsal[rehearsal->gesture];
	qmp_execute(rehearsal->phone->qmp, "input-send-event",
	    gesture_event(gesture, rehearsal->step), -1, QMP_DEADLINE_MS, NULL, NULL);
	if (++rehearsal->step < gesture_steps(gesture)) {
		schedule(rehearsal, GESTURE_STEP_MS, on_touch);
		return G_SOURCE_REMOVE;
	}
	rehearsal->gesture++;
	rehearsal->step = 0;
	schedule(rehearsal, gesture->rest_ms, on_rested);
	return G_SOURCE_REMOVE;
}

static void on_before(void *data, GBytes *picture, const GError *error)
{
	struct rehearsal *rehearsal = data;
	if (error && g_error_matches(error, QVMI_ERROR, QVMI_ERROR_CANCELLED))
		return;
	if (error) {
		finish(rehearsal, error);
		return;
	}
	rehearsal->before = g_bytes_ref(picture);
	rehearsal->state = TOUCHING;
	schedule(rehearsal, 0, on_touch);
}

static gboolean on_talked(void *data)
{
	struct rehearsal *rehearsal = data;
	rehearsal->timer = 0;
	if (!is_connected(rehearsal))
		return G_SOURCE_REMOVE;
	if (rehearsal->touch && rehearsal->phone->template->manifest->rehearsal_count)
		picture_take(rehearsal->phone->qmp, on_before, rehearsal);
	else
		rest(rehearsal);
	return G_SOURCE_REMOVE;
}

/* --- */

struct rehearsal *rehearsal_new(
    struct phone *phone, bool touch, unsigned warm_s, rehearsal_done_fn done, void *data)
{
	struct rehearsal *rehearsal = g_new0(struct rehearsal, 1);
	*rehearsal = (struct rehearsal){
	    .phone = phone, .touch = touch, .warm_s = warm_s, .done = done, .data = data};
	phone_connect_agent(phone);
	schedule(rehearsal, warm_s * 1000, on_talked);
	return rehearsal;
}

void rehearsal_free(struct rehearsal *rehearsal)
{
	if (!rehearsal)
		return;
	g_clear_handle_id(&rehearsal->timer, g_source_remove);
	g_clear_pointer(&rehearsal->before, g_bytes_unref);
	g_free(rehearsal);
}

const char *rehearsal_state(const struct rehearsal *rehearsal)
{
	static const char *const names[] = {"warming", "touching", "resting"};
	return names[rehearsal->state];
}
