/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/screen/hand.h"

#include <linux/input-event-codes.h>

#include "common/error.h"
#include "mtp-client/sdl/keymap.h"
#include "mtp-server/keymap.h"
#include "mtp/messages.h"

#define TICK_MS 10
#define TAP_MS 60
#define KEY_MS 30 /* between a key's events */
#define MS 1000   /* microseconds */

struct hand {
	struct hand_options options;
	unsigned next;
	const struct script_command *command; /* under way, NULL: none */
	guint timer;
	int64_t begun_us, changed_us, key_us;
	bool changed; /* since the command began */
	bool down;    /* finger or key */
	const char *typing;
};

static void finish(struct hand *h, GError *error)
{
	h->timer = 0;
	h->options.done(error, h->options.data);
	g_clear_error(&error);
}

static double milliseconds_of(const struct hand *h, int64_t now)
{
	return (double)(now - h->begun_us) / MS;
}

static void touch(struct hand *h, enum mtp_touch_phase phase, double share)
{
	const struct script_coordinate *at = h->command->at;
	double x1 = script_pixel(&at[0], h->options.width);
	double y1 = script_pixel(&at[1], h->options.height);
	double x2 = script_pixel(&at[2], h->options.width);
	double y2 = script_pixel(&at[3], h->options.height);
	console_touch(display_console(h->options.display), phase, 0, x1 + (x2 - x1) * share,
	    y1 + (y2 - y1) * share);
}

/* True when the finger has been lifted: so it is for all steps, of a command that has ended. */
static bool step_touch(struct hand *h, int64_t now)
{
	bool swipe = h->command->verb == SCRIPT_SWIPE;
	double share = milliseconds_of(h, now) / (swipe ? MAX(h->command->ms, 1) : TAP_MS);
	double where = swipe ? MIN(share, 1) : 0;
	if (!h->down) {
		touch(h, MTP_TOUCH_DOWN, 0);
		h->down = true;
		return false;
	}
	if (swipe && !console_is_busy(display_console(h->options.display)))
		touch(h, MTP_TOUCH_MOVE, where);
	if (share < 1)
		return false;
	touch(h, MTP_TOUCH_UP, where);
	return true;
}

static bool step_keys(struct hand *h, int64_t now)
{
	uint16_t code = h->command->key;
	bool shift = false;
	if (now < h->key_us)
		return false;
	struct console *console = display_console(h->options.display);
	if (h->command->verb == SCRIPT_TEXT)
		keymap_from_character(*h->typing, &code, &shift);
	h->down = !h->down;
	if (shift && h->down)
		console_sink.key(console, keymap_qnum(KEY_LEFTSHIFT), true);
	console_sink.key(console, keymap_qnum(code), h->down);
	if (shift && !h->down)
		console_sink.key(console, keymap_qnum(KEY_LEFTSHIFT), false);
	h->key_us = now + (int64_t)KEY_MS * MS;
	return !h->down && (h->command->verb == SCRIPT_KEY || !*++h->typing);
}

static bool is_there(const struct hand *h, int64_t now)
{
	const struct script_command *command = h->command;
	if (command->verb == SCRIPT_WAIT_UPDATE)
		return h->changed;
	int64_t since =
	    command->verb == SCRIPT_SLEEP ? h->begun_us : MAX(h->begun_us, h->changed_us);
	return now - since >= (int64_t)command->ms * MS;
}

/* True when the command has ended. */
static bool step(struct hand *h, int64_t now)
{
	switch (h->command->verb) {
	case SCRIPT_TAP:
	case SCRIPT_SWIPE:
		return step_touch(h, now);
	case SCRIPT_KEY:
	case SCRIPT_TEXT:
		return step_keys(h, now);
	default:
		return is_there(h, now);
	}
}

static bool is_late(const struct hand *h, int64_t now)
{
	enum script_verb verb = h->command->verb;
	return (verb == SCRIPT_WAIT_QUIET || verb == SCRIPT_WAIT_UPDATE) &&
	       milliseconds_of(h, now) > h->command->timeout_ms;
}

static bool begin(struct hand *h, int64_t now)
{
	h->command = script_command(h->options.script, h->next++);
	if (!h->command)
		return false;
	h->begun_us = h->key_us = now;
	h->changed = h->down = false;
	h->typing = h->command->text;
	return true;
}

static gboolean tick(gpointer data)
{
	struct hand *h = data;
	int64_t now = g_get_monotonic_time();
	if (!h->command && !begin(h, now)) {
		finish(h, NULL);
		return G_SOURCE_REMOVE;
	}
	if (step(h, now)) {
		h->command = NULL;
	} else if (is_late(h, now)) {
		finish(
		    h, g_error_new(QVMI_ERROR, QVMI_ERROR_TIMEOUT,
		           "%s:%u: %s: it did not happen in time", script_name(h->options.script),
		           h->command->line, script_verb_name(h->command->verb)));
		return G_SOURCE_REMOVE;
	}
	return G_SOURCE_CONTINUE;
}

static bool check(const struct script *script, GError **error)
{
	const struct script_command *command;
	for (unsigned i = 0; (command = script_command(script, i)); i++)
		switch (command->verb) {
		case SCRIPT_TAP:
		case SCRIPT_SWIPE:
		case SCRIPT_KEY:
		case SCRIPT_TEXT:
		case SCRIPT_SLEEP:
		case SCRIPT_WAIT_QUIET:
		case SCRIPT_WAIT_UPDATE:
			break;
		default:
			g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
			    "%s:%u: %s is for mtp-client; this hand can tap, swipe, key, text, "
			    "sleep, wait-quiet and wait-update",
			    script_name(script), command->line, script_verb_name(command->verb));
			return false;
		}
	return true;
}

struct hand *hand_new(const struct hand_options *options, GError **error)
{
	if (!check(options->script, error))
		return NULL;
	struct hand *h = g_new0(struct hand, 1);
	h->options = *options;
	h->changed_us = g_get_monotonic_time();
	h->timer = g_timeout_add(TICK_MS, tick, h);
	return h;
}

void hand_free(struct hand *h)
{
	if (!h)
		return;
	if (h->timer)
		g_source_remove(h->timer);
	g_free(h);
}

void hand_changed(struct hand *h)
{
	h->changed = true;
	h->changed_us = g_get_monotonic_time();
}
