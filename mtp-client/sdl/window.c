/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-client/sdl/window.h"

#include <SDL.h>

#include "common/error.h"
#include "mtp-client/core/view.h"
#include "mtp-client/sdl/keymap.h"

struct window {
	SDL_Window *window;
	SDL_Renderer *renderer;
	SDL_Texture *texture; /* NULL: no picture yet */
	uint32_t texture_width, texture_height;
	struct view view;
	unsigned rotation;
	bool fullscreen, stale, dimmed;
	char *title;

	struct input *input;
	bool finger_down[INPUT_MAX_FINGERS];
	SDL_FingerID fingers[INPUT_MAX_FINGERS]; /* slot -> SDL's id */
	uint8_t buttons;   /* of the mouse, by its events: SDL's own state runs ahead of them */
	bool mouse_finger; /* the left button is down as finger 0 */

	void (*closed)(void *data);
	void *data;
};

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
	SDL_StopTextInput(); /* no input method: the phone brings its own */
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
	g_free(window);
}

void window_screen(struct window *window, unsigned *width, unsigned *height, unsigned *dpi)
{
	SDL_DisplayMode mode;
	float density = 0;
	int display = window ? SDL_GetWindowDisplayIndex(window->window) : -1;

	*width = *height = *dpi = 0;
	if (display < 0 || SDL_GetCurrentDisplayMode(display, &mode))
		return;
	*width = (unsigned)mode.w;
	*height = (unsigned)mode.h;
	if (!SDL_GetDisplayDPI(display, &density, NULL, NULL) && density > 0 && density < 10000)
		*dpi = (unsigned)density;
}

static void fit(struct window *window)
{
	int width = 0, height = 0;

	SDL_GetRendererOutputSize(window->renderer, &width, &height);
	view_fit(&window->view, (uint32_t)MAX(width, 0), (uint32_t)MAX(height, 0),
	    window->texture_width, window->texture_height, window->rotation);
}

static void draw(struct window *window)
{
	Uint8 light = window->dimmed ? 96 : 255;

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
	SDL_RenderPresent(window->renderer);
	window->stale = false;
}

/* As large as the phone, but never more than nine tenths of the screen. */
static void adopt_size(struct window *window, uint32_t width, uint32_t height)
{
	struct view room;
	SDL_Rect usable;
	int display = SDL_GetWindowDisplayIndex(window->window);

	if (window->fullscreen || display < 0 || SDL_GetDisplayUsableBounds(display, &usable))
		return;
	view_fit(&room, (uint32_t)usable.w * 9 / 10, (uint32_t)usable.h * 9 / 10, width, height,
	    window->rotation);
	double shrink = room.scale > 1 ? room.scale : 1;

	SDL_SetWindowSize(window->window, (int)(room.width / shrink), (int)(room.height / shrink));
	SDL_SetWindowPosition(window->window, SDL_WINDOWPOS_CENTERED, SDL_WINDOWPOS_CENTERED);
}

void window_show(struct window *window, const struct picture *picture)
{
	if (picture->width == 0 || picture->damage.width == 0)
		return;
	if (!window->texture || window->texture_width != picture->width ||
	    window->texture_height != picture->height) {
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
	g_autofree char *title =
	    notice ? g_strdup_printf("%s: %s", window->title, notice) : g_strdup(window->title);

	SDL_SetWindowTitle(window->window, title);
	window->dimmed = notice;
	window->stale = true;
}

/* SDL's events are in window units, which on dense screens are not pixels. */
static bool to_phone(struct window *window, double x, double y, uint16_t *px, uint16_t *py)
{
	int width = 1, height = 1, out_width = 1, out_height = 1;

	SDL_GetWindowSize(window->window, &width, &height);
	SDL_GetRendererOutputSize(window->renderer, &out_width, &out_height);
	return view_to_phone(
	    &window->view, x * out_width / MAX(width, 1), y * out_height / MAX(height, 1), px, py);
}

static void on_finger(struct window *window, const SDL_TouchFingerEvent *event)
{
	int width = 0, height = 0;
	uint16_t x, y;
	unsigned slot = 0;

	SDL_GetWindowSize(window->window, &width, &height);
	bool within = to_phone(window, event->x * (float)width, event->y * (float)height, &x, &y);

	if (event->type == SDL_FINGERDOWN) {
		while (slot < INPUT_MAX_FINGERS && window->finger_down[slot])
			slot++;
		if (slot == INPUT_MAX_FINGERS || !within)
			return;
		window->finger_down[slot] = true;
		window->fingers[slot] = event->fingerId;
		input_finger(window->input, MTP_TOUCH_DOWN, (uint8_t)slot, x, y);
		return;
	}
	while (slot < INPUT_MAX_FINGERS &&
	       (!window->finger_down[slot] || window->fingers[slot] != event->fingerId))
		slot++;
	if (slot == INPUT_MAX_FINGERS)
		return;
	if (event->type == SDL_FINGERUP)
		window->finger_down[slot] = false;
	input_finger(window->input, event->type == SDL_FINGERUP ? MTP_TOUCH_UP : MTP_TOUCH_MOVE,
	    (uint8_t)slot, x, y);
}

/* MTP's bits of a button; the others have none. */
static uint8_t button_bit(Uint8 button)
{
	return button == SDL_BUTTON_LEFT     ? MTP_BUTTON_LEFT
	       : button == SDL_BUTTON_MIDDLE ? MTP_BUTTON_MIDDLE
	       : button == SDL_BUTTON_RIGHT  ? MTP_BUTTON_RIGHT
	                                     : 0;
}

/* On a touch screen the left button is a finger; anywhere else the mouse is a mouse. */
static void on_mouse(struct window *window, int wx, int wy, int8_t wheel)
{
	bool left = window->buttons & 1;
	uint16_t x, y;
	bool within = to_phone(window, wx + 0.5, wy + 0.5, &x, &y);

	if (mtp_session_touch_points(window->input->session) == 0 || wheel) {
		if (within || window->input->buttons)
			input_pointer(window->input, x, y, window->buttons, wheel);
		return;
	}
	if (left != window->mouse_finger && (within || !left)) {
		window->mouse_finger = left;
		input_finger(window->input, left ? MTP_TOUCH_DOWN : MTP_TOUCH_UP, 0, x, y);
	} else if (window->mouse_finger) {
		input_finger(window->input, MTP_TOUCH_MOVE, 0, x, y);
	}
}

static void on_key(struct window *window, const SDL_KeyboardEvent *event)
{
	bool down = event->type == SDL_KEYDOWN;

	if (event->repeat)
		return; /* the phone repeats by itself */
	if (event->keysym.scancode == SDL_SCANCODE_F11) {
		if (!down)
			return;
		window->fullscreen = !window->fullscreen;
		SDL_SetWindowFullscreen(
		    window->window, window->fullscreen ? SDL_WINDOW_FULLSCREEN_DESKTOP : 0);
		window->stale = true;
	} else if (event->keysym.scancode == SDL_SCANCODE_F12) {
		if (!down)
			return;
		input_release(window->input);
		window->rotation = (window->rotation + 90) % 360;
		adopt_size(window, window->texture_width, window->texture_height);
		window->stale = true;
	} else {
		input_key(window->input, keymap_from_scancode(event->keysym.scancode), down);
	}
}

void window_pump(struct window *window)
{
	SDL_Event event;
	int x, y;

	while (SDL_PollEvent(&event)) {
		switch (event.type) {
		case SDL_QUIT:
			window->closed(window->data);
			break;
		case SDL_WINDOWEVENT:
			if (event.window.event == SDL_WINDOWEVENT_FOCUS_LOST)
				input_release(window->input);
			else
				window->stale = true;
			break;
		case SDL_KEYDOWN:
		case SDL_KEYUP:
			on_key(window, &event.key);
			break;
		case SDL_FINGERDOWN:
		case SDL_FINGERMOTION:
		case SDL_FINGERUP:
			on_finger(window, &event.tfinger);
			break;
		case SDL_MOUSEMOTION:
			on_mouse(window, event.motion.x, event.motion.y, 0);
			break;
		case SDL_MOUSEBUTTONDOWN:
			window->buttons |= button_bit(event.button.button);
			on_mouse(window, event.button.x, event.button.y, 0);
			break;
		case SDL_MOUSEBUTTONUP:
			window->buttons &= (uint8_t)~button_bit(event.button.button);
			on_mouse(window, event.button.x, event.button.y, 0);
			break;
		case SDL_MOUSEWHEEL:
			SDL_GetMouseState(&x, &y);
			on_mouse(window, x, y, (int8_t)CLAMP(event.wheel.y, -127, 127));
			break;
		default:
			break;
		}
	}
	if (window->stale)
		draw(window);
}
