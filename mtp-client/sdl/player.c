/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-client/sdl/player.h"

#include <string.h>

#include "common/error.h"
#include "mtp-client/sdl/keymap.h"
#include "mtp-client/sdl/screenshot.h"
#include "mtp-client/sdl/words.h"

#include <linux/input-event-codes.h>

#define TICK_MS 10 /* a swipe's steps, and how exact waits are */
#define TAP_MS 60  /* finger on the screen */
#define TYPE_MS 30 /* between one key's events */
#define MS 1000    /* microseconds */
#define COLOUR_TOLERANCE 16

struct player {
	struct player_options options;
	unsigned next;                        /* command */
	const struct script_command *command; /* under way, NULL: none */
	guint timer;
	bool finished;

	int64_t begun_us;          /* of the command */
	uint64_t updates;          /* last seen */
	uint64_t updates_compared; /* by wait-change */
	uint64_t updates_before;   /* when the last input or wait was made */
	int64_t update_us;         /* when the last one came */

	bool down;         /* of a tap or swipe: the finger is on the screen */
	bool let_go;       /* ... and has been lifted */
	int64_t touch_us;  /* when it was put down */
	uint8_t *snapshot; /* the picture before a measured touch */
	uint32_t snapshot_width, snapshot_height;
	bool changed; /* a differing picture has come */

	uint8_t *shot; /* the picture of the last screenshot; NULL: none */
	uint32_t shot_width, shot_height;

	uint32_t read_id; /* of the last question what is written */
	bool asked;       /* by the command under way */

	const char *typing; /* rest of a text */
	bool key_down;
	int64_t type_us; /* when the next event is due */
};

static void finish(struct player *player, GError *error)
{
	player->finished = true;
	if (player->timer)
		g_source_remove(player->timer);
	player->timer = 0;
	player->options.done(error, player->options.data);
	g_clear_error(&error);
}

static void fail(struct player *player, enum qvmi_error_code code, const char *what)
{
	const struct script *script = player->options.script;

	finish(player, g_error_new(QVMI_ERROR, (gint)code, "%s:%u: %s: %s", script_name(script),
	                   player->command->line, script_verb_name(player->command->verb), what));
}

static bool sent(struct player *player, bool done)
{
	if (!done)
		fail(player, QVMI_ERROR_UNAVAILABLE,
		    "the phone takes no input: it is not connected, or does not read");
	return done;
}

static void end_command(struct player *player)
{
	player->command = NULL;
	g_clear_pointer(&player->snapshot, g_free);
}

static void take_snapshot(struct player *player)
{
	const struct picture *picture = mtp_session_picture(player->options.session);

	player->snapshot_width = picture->width;
	player->snapshot_height = picture->height;
	player->snapshot = g_memdup2(picture->pixels, picture_stride(picture) * picture->height);
}

static bool differs(const struct player *player)
{
	const struct picture *picture = mtp_session_picture(player->options.session);

	return picture->width != player->snapshot_width ||
	       picture->height != player->snapshot_height ||
	       memcmp(picture->pixels, player->snapshot,
	           picture_stride(picture) * picture->height) != 0;
}

/* Where the finger is now: a swipe moves evenly from its first point to its second. */
static void finger_at(const struct player *player, double share, uint16_t *x, uint16_t *y)
{
	const struct picture *picture = mtp_session_picture(player->options.session);
	const struct script_coordinate *at = player->command->at;
	double x1 = script_pixel(&at[0], picture->width),
	       y1 = script_pixel(&at[1], picture->height);
	double x2 = script_pixel(&at[2], picture->width),
	       y2 = script_pixel(&at[3], picture->height);

	*x = (uint16_t)(x1 + (x2 - x1) * share + 0.5);
	*y = (uint16_t)(y1 + (y2 - y1) * share + 0.5);
}

/* One step of a tap or swipe; true when the finger has been lifted. */
static bool step_touch(struct player *player, bool swipe, bool measured, int64_t now)
{
	struct input *input = player->options.input;
	unsigned lasts = swipe ? MAX(player->command->ms, 1) : TAP_MS;
	double share = (double)(now - player->touch_us) / MS / lasts;
	uint16_t x, y;

	if (!player->down) {
		if (measured)
			take_snapshot(player);
		finger_at(player, 0, &x, &y);
		player->down = true;
		player->touch_us = g_get_monotonic_time();
		sent(player, input_finger(input, MTP_TOUCH_DOWN, 0, x, y));
		return false;
	}
	if (player->let_go)
		return true;
	if (swipe) {
		finger_at(player, MIN(share, 1), &x, &y);
		/* A dropped movement is no failure: the next says where the finger is. */
		input_finger(input, MTP_TOUCH_MOVE, 0, x, y);
	} else {
		finger_at(player, 0, &x, &y);
	}
	if (share < 1)
		return false;
	player->let_go = true;
	return sent(player, input_finger(input, MTP_TOUCH_UP, 0, x, y));
}

static void step_measure(struct player *player, bool swipe, int64_t now)
{
	bool lifted = step_touch(player, swipe, true, now);

	if (player->finished)
		return;
	if (lifted && player->changed) {
		end_command(player);
		return;
	}
	if (now - player->touch_us > (int64_t)player->command->timeout_ms * MS)
		fail(player, QVMI_ERROR_TIMEOUT, "the picture does not change");
}

static void type_event(struct player *player, uint16_t code, bool shift)
{
	struct input *input = player->options.input;
	bool down = !player->key_down;

	if (shift && down && !sent(player, input_key(input, KEY_LEFTSHIFT, true)))
		return;
	if (!sent(player, input_key(input, code, down)))
		return;
	if (shift && !down)
		sent(player, input_key(input, KEY_LEFTSHIFT, false));
	player->key_down = down;
}

static void step_keys(struct player *player, int64_t now)
{
	const struct script_command *command = player->command;
	uint16_t code = command->key;
	bool shift = false;

	if (now < player->type_us)
		return;
	if (command->verb == SCRIPT_TEXT)
		keymap_from_character(*player->typing, &code, &shift);
	type_event(player, code, shift);
	player->type_us = now + TYPE_MS * MS;
	if (player->finished || player->key_down)
		return;
	if (command->verb == SCRIPT_KEY || !*++player->typing)
		end_command(player);
}

static void step_wait(struct player *player, int64_t now)
{
	const struct script_command *command = player->command;
	bool there =
	    command->verb == SCRIPT_WAIT_UPDATE
	        ? player->updates > player->updates_before
	        : now - MAX(player->update_us, player->begun_us) >= (int64_t)command->ms * MS;

	if (there && mtp_session_complete(player->options.session)) {
		player->updates_before = player->updates;
		end_command(player);
		return;
	}
	if (now - player->begun_us > (int64_t)command->timeout_ms * MS)
		fail(player, QVMI_ERROR_TIMEOUT,
		    command->verb == SCRIPT_WAIT_UPDATE
		        ? "no new picture came in time"
		        : "the picture did not come to rest in time");
}

/* The share of pixels, 0 to 100, that are not as in the last screenshot; all, when there is none of
 * this size. */
static double changed_share(const struct player *player)
{
	const struct picture *picture = mtp_session_picture(player->options.session);
	size_t pixels = (size_t)picture->width * picture->height, changed = 0;
	const uint32_t *now = (const uint32_t *)picture->pixels,
	               *then = (const uint32_t *)player->shot;

	if (!then || picture->width != player->shot_width || picture->height != player->shot_height)
		return 100;
	for (size_t i = 0; i < pixels; i++)
		changed += now[i] != then[i];
	return pixels ? 100.0 * (double)changed / (double)pixels : 0;
}

static void step_wait_change(struct player *player, int64_t now)
{
	/* Compared once a picture, not once a tick. */
	bool fresh = player->updates != player->updates_compared;

	player->updates_compared = player->updates;
	if (fresh && changed_share(player) >= player->command->at[0].value) {
		player->updates_before = player->updates;
		end_command(player);
	} else if (now - player->begun_us > (int64_t)player->command->timeout_ms * MS) {
		fail(player, QVMI_ERROR_TIMEOUT, "the picture did not change so much in time");
	}
}

/* About: a picture may be rough before it comes to rest. */
static bool is_colour(const uint8_t *pixel, const uint8_t *colour)
{
	for (unsigned i = 0; i < 3; i++)
		if (ABS(pixel[i] - colour[i]) > COLOUR_TOLERANCE)
			return false;
	return true;
}

static void step_wait_pixel(struct player *player, int64_t now)
{
	const struct script_command *command = player->command;
	const struct picture *picture = mtp_session_picture(player->options.session);
	size_t x = script_pixel(&command->at[0], picture->width),
	       y = script_pixel(&command->at[1], picture->height);

	if (is_colour(picture->pixels + y * picture_stride(picture) + x * PICTURE_BYTES,
	        command->colour)) {
		player->updates_before = player->updates;
		end_command(player);
	} else if (now - player->begun_us > (int64_t)command->timeout_ms * MS) {
		fail(player, QVMI_ERROR_TIMEOUT, "the pixel did not get this colour in time");
	}
}

static void step_screenshot(struct player *player)
{
	const struct picture *picture = mtp_session_picture(player->options.session);
	g_autoptr(GError) error = NULL;

	g_free(player->shot);
	player->shot = g_memdup2(picture->pixels, picture_stride(picture) * picture->height);
	player->shot_width = picture->width;
	player->shot_height = picture->height;
	if (screenshot_write(player->command->text, picture->pixels, picture->width,
	        picture->height, picture_stride(picture), &error))
		end_command(player);
	else
		fail(player, QVMI_ERROR_FAILED, error->message);
}

static void step_read_text(struct player *player, int64_t now)
{
	const struct script_command *command = player->command;
	const struct mtp_words *words = mtp_session_words(player->options.session);
	const char *problem = NULL;
	g_autoptr(GError) error = NULL;

	if (!player->asked) {
		player->asked = sent(player, input_read(player->options.input, ++player->read_id));
		return;
	}
	if (!words || words->id != player->read_id) {
		if (now - player->begun_us > (int64_t)command->timeout_ms * MS)
			fail(player, QVMI_ERROR_TIMEOUT,
			    "the host did not say in time what is written");
		return;
	}
	g_autofree char *text = words_text(words, &problem);
	if (!text)
		fail(player, QVMI_ERROR_UNAVAILABLE, problem);
	else if (!g_file_set_contents(command->text, text, -1, &error))
		fail(player, QVMI_ERROR_FAILED, error->message);
	else
		end_command(player);
}

static void step(struct player *player, int64_t now)
{
	const struct script_command *command = player->command;

	switch (command->verb) {
	case SCRIPT_WAIT_UPDATE:
	case SCRIPT_WAIT_QUIET:
		step_wait(player, now);
		break;
	case SCRIPT_WAIT_CHANGE:
		step_wait_change(player, now);
		break;
	case SCRIPT_WAIT_PIXEL:
		step_wait_pixel(player, now);
		break;
	case SCRIPT_TAP:
	case SCRIPT_SWIPE:
		if (step_touch(player, command->verb == SCRIPT_SWIPE, false, now) &&
		    !player->finished)
			end_command(player);
		break;
	case SCRIPT_MEASURE_TAP:
	case SCRIPT_MEASURE_SWIPE:
		step_measure(player, command->verb == SCRIPT_MEASURE_SWIPE, now);
		break;
	case SCRIPT_KEY:
	case SCRIPT_TEXT:
		step_keys(player, now);
		break;
	case SCRIPT_SCREENSHOT:
		step_screenshot(player);
		break;
	case SCRIPT_READ_TEXT:
		step_read_text(player, now);
		break;
	case SCRIPT_SLEEP:
		if (now - player->begun_us >= (int64_t)command->ms * MS)
			end_command(player);
		break;
	case SCRIPT_MARK:
		stats_mark(player->options.stats, command->text);
		end_command(player);
		break;
	}
}

static bool is_input(enum script_verb verb)
{
	return verb == SCRIPT_TAP || verb == SCRIPT_SWIPE || verb == SCRIPT_KEY ||
	       verb == SCRIPT_TEXT || verb == SCRIPT_MEASURE_TAP || verb == SCRIPT_MEASURE_SWIPE;
}

static void begin_command(struct player *player, const struct script_command *command, int64_t now)
{
	player->command = command;
	player->begun_us = player->type_us = now;
	player->typing = command->text;
	player->updates_compared = UINT64_MAX;
	player->down = player->let_go = player->changed = player->key_down = player->asked = false;
	if (is_input(command->verb))
		player->updates_before = player->updates;
	g_info("%s:%u: %s", script_name(player->options.script), command->line,
	    script_verb_name(command->verb));
}

static gboolean tick(gpointer data)
{
	struct player *player = data;

	if (!player->command && player->next == 0 &&
	    mtp_session_state(player->options.session) != MTP_SESSION_LIVE)
		return G_SOURCE_CONTINUE; /* not connected yet */
	/* What needs no waiting is done at once, not one a tick. */
	while (!player->finished) {
		int64_t now = g_get_monotonic_time();
		const struct script_command *command = player->command;

		if (!command) {
			command = script_command(player->options.script, player->next++);
			if (!command) {
				finish(player, NULL);
				break;
			}
			begin_command(player, command, now);
		}
		step(player, now);
		if (player->command)
			break;
	}
	return player->finished ? G_SOURCE_REMOVE : G_SOURCE_CONTINUE;
}

void player_received(struct player *player)
{
	uint64_t updates = mtp_session_counters(player->options.session)->updates;
	int64_t now = g_get_monotonic_time();

	if (updates == player->updates)
		return;
	player->updates = updates;
	player->update_us = now;
	if (player->snapshot && player->down && !player->changed && differs(player)) {
		player->changed = true;
		stats_touch(player->options.stats, (double)(now - player->touch_us) / MS);
	}
}

struct player *player_new(const struct player_options *options)
{
	struct player *player = g_new0(struct player, 1);

	player->options = *options;
	player->updates = player->updates_before = mtp_session_counters(options->session)->updates;
	player->timer = g_timeout_add(TICK_MS, tick, player);
	return player;
}

void player_free(struct player *player)
{
	if (!player)
		return;
	if (player->timer)
		g_source_remove(player->timer);
	g_free(player->snapshot);
	g_free(player->shot);
	g_free(player);
}
