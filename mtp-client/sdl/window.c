/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-client/sdl/window_private.h"
#include "mtp-client/sdl/words.h"

#include "common/error.h"
#include "mtp-client/sdl/overlay.h"

#define TOLD_US (2 * G_USEC_PER_SEC) /* what is told for a moment */

static struct window *fail(struct window *window, const char *doing, GError **error)
{
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE,
	    "cannot %s: %s (without a screen use --headless)", doing, SDL_GetError());
	window_free(window);
	return NULL;
}

struct window *window_new(const struct window_options *options, GError **error)
{
	struct window *window = g_new0(struct window, 1);
	Uint32 flags = SDL_WINDOW_RESIZABLE | SDL_WINDOW_ALLOW_HIGHDPI |
	               (options->fullscreen ? SDL_WINDOW_FULLSCREEN_DESKTOP : 0);

	window->rotation = options->rotation;
	window->fullscreen = options->fullscreen;
	window->input = options->input;
	window->closed = options->closed;
	window->resized = options->resized;
	window->data = options->data;
	window->title = g_strdup(options->title);

	/* Fingers are told as fingers only, and signals stay the main loop's. */
	SDL_SetHint(SDL_HINT_TOUCH_MOUSE_EVENTS, "0");
	SDL_SetHint(SDL_HINT_NO_SIGNAL_HANDLERS, "1");
	SDL_SetHint(SDL_HINT_RENDER_SCALE_QUALITY, "linear");
	if (SDL_Init(SDL_INIT_VIDEO))
		return fail(window, "open the display", error);
	window->window = SDL_CreateWindow(
	    window->title, SDL_WINDOWPOS_CENTERED, SDL_WINDOWPOS_CENTERED, 405, 810, flags);
	if (!window->window)
		return fail(window, "open a window", error);
	window->renderer = SDL_CreateRenderer(window->window, -1, 0);
	if (!window->renderer)
		return fail(window, "draw in the window", error);
	SDL_StopTextInput(); /* no input method, until asked for: the phone brings its own */
	window->stale = true;
	return window;
}

void window_free(struct window *window)
{
	if (!window)
		return;
	if (window->texture)
		SDL_DestroyTexture(window->texture);
	if (window->renderer)
		SDL_DestroyRenderer(window->renderer);
	if (window->window)
		SDL_DestroyWindow(window->window);
	SDL_Quit();
	g_free(window->title);
	g_free(window->notice);
	g_free(window->statistics);
	g_free(window);
}

/* The largest picture that is shown without being asked for more: nine tenths of the screen. */
static bool room(const struct window *window, unsigned *width, unsigned *height)
{
	SDL_Rect usable;
	int display = SDL_GetWindowDisplayIndex(window->window);

	if (display < 0 || SDL_GetDisplayUsableBounds(display, &usable) || usable.w < 10 ||
	    usable.h < 10)
		return false;
	*width = (unsigned)usable.w * 9 / 10;
	*height = (unsigned)usable.h * 9 / 10;
	return true;
}

static unsigned density(const struct window *window)
{
	float dpi = 0;
	int display = SDL_GetWindowDisplayIndex(window->window);

	if (display < 0 || SDL_GetDisplayDPI(display, &dpi, NULL, NULL) || dpi <= 0 || dpi >= 10000)
		return 0;
	return (unsigned)dpi;
}

static bool fills_screen(const struct window *window)
{
	return window->fullscreen ||
	       (SDL_GetWindowFlags(window->window) & SDL_WINDOW_MAXIMIZED) != 0;
}

void window_terminal(struct window *window, struct mtp_terminal *terminal)
{
	unsigned width = 0, height = 0;
	int out_width = 0, out_height = 0;

	/* Before the first picture the window has no size of its own yet. */
	if (window->texture || window->fullscreen || !room(window, &width, &height)) {
		SDL_GetRendererOutputSize(window->renderer, &out_width, &out_height);
		width = (unsigned)MAX(out_width, 0);
		height = (unsigned)MAX(out_height, 0);
	}
	bool upright = window->rotation % 180 == 0; /* turned here, not by the host */

	*terminal =
	    (struct mtp_terminal){.width = (uint16_t)MIN(upright ? width : height, UINT16_MAX),
	        .height = (uint16_t)MIN(upright ? height : width, UINT16_MAX),
	        .dpi = (uint16_t)density(window),
	        .scaling = window->zoom.factor > 1 ? MTP_SCALING_NONE : MTP_SCALING_SHRINK,
	        /* A window among others has the phone's shape; a whole screen is the phone's. */
	        .mode = fills_screen(window) ? MTP_MODE_TAKE : MTP_MODE_KEEP};
}

static void fit(struct window *window)
{
	int width = 0, height = 0;

	SDL_GetRendererOutputSize(window->renderer, &width, &height);
	view_fit(&window->view, (uint32_t)MAX(width, 0), (uint32_t)MAX(height, 0),
	    window->texture_width, window->texture_height, window->rotation);
	zoom_apply(&window->zoom, &window->view);
}

static void draw(struct window *window)
{
	Uint8 light = window->notice ? 96 : 255;

	fit(window);
	SDL_SetRenderDrawColor(window->renderer, 18, 18, 20, 255);
	SDL_RenderClear(window->renderer);
	if (window->texture) {
		/* SDL turns around the rectangle's middle, so it is given unturned. */
		const struct view *view = &window->view;
		double w = view->phone_width * view->scale, h = view->phone_height * view->scale;
		const SDL_FRect target = {(float)(view->x + (view->width - w) / 2),
		    (float)(view->y + (view->height - h) / 2), (float)w, (float)h};

		SDL_SetTextureColorMod(window->texture, light, light, light);
		SDL_RenderCopyExF(window->renderer, window->texture, NULL, &target, view->rotation,
		    NULL, SDL_FLIP_NONE);
	}
	if (window->statistics)
		overlay_draw(window->renderer, window->statistics, OVERLAY_TOP);
	if (window->notice)
		overlay_draw(window->renderer, window->notice, OVERLAY_MIDDLE);
	SDL_RenderPresent(window->renderer);
	window->stale = false;
}

/* As large as the picture, within the room there is. */
static void adopt_size(struct window *window, uint32_t width, uint32_t height)
{
	struct view most;
	unsigned room_width, room_height;

	if (window->fullscreen || !room(window, &room_width, &room_height))
		return;
	view_fit(&most, room_width, room_height, width, height, window->rotation);
	double shrink = most.scale > 1 ? most.scale : 1;

	SDL_SetWindowSize(window->window, (int)(most.width / shrink), (int)(most.height / shrink));
	SDL_SetWindowPosition(window->window, SDL_WINDOWPOS_CENTERED, SDL_WINDOWPOS_CENTERED);
}

/* The same picture in another size, as it comes when the user has resized the window? */
static bool has_shape(const struct window *window, uint32_t width, uint32_t height)
{
	double was = (double)window->texture_width * height;
	double is = (double)window->texture_height * width;

	return window->texture && was < is * 1.02 && is < was * 1.02;
}

void window_rotate(struct window *window)
{
	input_release(window->input);
	window->rotation = (window->rotation + 90) % 360;
	window->zoom = (struct zoom){0};
	if (window->texture)
		adopt_size(window, window->texture_width, window->texture_height);
	window->stale = true;
	window->resized(window->data);
}

void window_toggle_fullscreen(struct window *window)
{
	window->fullscreen = !window->fullscreen;
	SDL_SetWindowFullscreen(
	    window->window, window->fullscreen ? SDL_WINDOW_FULLSCREEN_DESKTOP : 0);
	window->stale = true;
}

void window_show(struct window *window, const struct picture *picture)
{
	if (picture->width == 0 || picture->damage.width == 0)
		return;
	if (!window->texture || window->texture_width != picture->width ||
	    window->texture_height != picture->height) {
		bool resize = !has_shape(window, picture->width, picture->height);

		if (window->texture)
			SDL_DestroyTexture(window->texture);
		window->texture = SDL_CreateTexture(window->renderer, SDL_PIXELFORMAT_RGBA32,
		    SDL_TEXTUREACCESS_STREAMING, (int)picture->width, (int)picture->height);
		if (!window->texture) {
			g_warning("cannot show the picture: %s", SDL_GetError());
			return;
		}
		window->texture_width = picture->width;
		window->texture_height = picture->height;
		if (resize)
			adopt_size(window, picture->width, picture->height);
		SDL_UpdateTexture(
		    window->texture, NULL, picture->pixels, (int)picture_stride(picture));
	} else {
		const struct rectangle *damage = &picture->damage;
		const SDL_Rect area = {
		    (int)damage->x, (int)damage->y, (int)damage->width, (int)damage->height};

		SDL_UpdateTexture(window->texture, &area,
		    picture->pixels + damage->y * picture_stride(picture) +
		        (size_t)damage->x * PICTURE_BYTES,
		    (int)picture_stride(picture));
	}
	draw(window);
}

void window_set_notice(struct window *window, const char *notice)
{
	g_free(window->notice);
	window->notice = g_strdup(notice);
	window->stale = true;
}

bool window_wants_statistics(const struct window *window)
{
	return window->wants_statistics;
}

void window_set_statistics(struct window *window, const char *text)
{
	g_free(window->statistics);
	window->statistics = g_strdup(text);
	window->stale = true;
}

static void tell(struct window *window, const char *text)
{
	window->told_until_us = g_get_monotonic_time() + TOLD_US;
	window_set_statistics(window, text);
}

void window_words(struct window *window, const struct mtp_words *words)
{
	const char *problem = NULL;

	if (!window->reading || words->id != window->read_id)
		return;
	window->reading = false;
	g_autofree char *text = words_text(words, &problem);
	if (text && SDL_SetClipboardText(text) == 0)
		tell(window, *text ? "text copied" : "nothing is written here");
	else
		tell(window, problem ? problem : SDL_GetError());
}

/* What was told has been read. */
static void end_told(struct window *window)
{
	if (!window->told_until_us || g_get_monotonic_time() < window->told_until_us)
		return;
	window->told_until_us = 0;
	if (!window->wants_statistics)
		window_set_statistics(window, NULL);
}

void window_to_output(struct window *window, double *x, double *y)
{
	int width = 1, height = 1, out_width = 1, out_height = 1;

	SDL_GetWindowSize(window->window, &width, &height);
	SDL_GetRendererOutputSize(window->renderer, &out_width, &out_height);
	*x *= (double)out_width / MAX(width, 1);
	*y *= (double)out_height / MAX(height, 1);
}

void window_pump(struct window *window)
{
	SDL_Event event;

	while (SDL_PollEvent(&event))
		window_on_event(window, &event);
	end_told(window);
	if (window->stale)
		draw(window);
}
