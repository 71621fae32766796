/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <linux/input-event-codes.h>

#include "mtp-client/sdl/keymap.h"
#include "mtp-client/sdl/window_private.h"

static bool to_phone(struct window *window, double x, double y, uint16_t *px, uint16_t *py)
{
	window_to_output(window, &x, &y);
	return view_to_phone(&window->view, x, y, px, py);
}

/* What the user wants to see from now on has changed. */
static void zoomed(struct window *window, bool was)
{
	window->stale = true;
	if (was != (window->zoom.factor > 1))
		window->resized(window->data);
}

/* True: the finger is not the phone's. */
static bool pinched(struct window *window, unsigned slot, bool down, double x, double y)
{
	bool was = window->zoom.factor > 1;

	if (!window->pinch_zooms)
		return false;
	window_to_output(window, &x, &y);
	enum pinch_result result =
	    pinch_finger(&window->pinch, &window->zoom, &window->view, slot, down, x, y);

	if (result == PINCH_BEGIN)
		input_release(window->input);
	zoomed(window, was);
	return result != PINCH_PASS;
}

static void on_finger(struct window *window, const SDL_TouchFingerEvent *event)
{
	int width = 0, height = 0;
	uint16_t x, y;
	unsigned slot = 0;

	SDL_GetWindowSize(window->window, &width, &height);
	double wx = event->x * (float)width, wy = event->y * (float)height;
	bool within = to_phone(window, wx, wy, &x, &y);

	if (event->type == SDL_FINGERDOWN) {
		while (slot < INPUT_MAX_FINGERS && window->finger_down[slot])
			slot++;
		if (slot == INPUT_MAX_FINGERS || !within)
			return;
		window->finger_down[slot] = true;
		window->fingers[slot] = event->fingerId;
		if (!pinched(window, slot, true, wx, wy))
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
	if (pinched(window, slot, event->type != SDL_FINGERUP, wx, wy))
		return;
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

static void toggle_keyboard(struct window *window)
{
	(void)window;
	if (SDL_IsTextInputActive())
		SDL_StopTextInput();
	else
		SDL_StartTextInput();
}

static void toggle_pinch(struct window *window)
{
	bool was = window->zoom.factor > 1;

	window->pinch_zooms = !window->pinch_zooms;
	window->pinch = (struct pinch){0};
	window->zoom = (struct zoom){0};
	zoomed(window, was);
}

static void toggle_statistics(struct window *window)
{
	window->wants_statistics = !window->wants_statistics;
	window_set_statistics(window, window->wants_statistics ? "..." : NULL);
}

/* The answer, when it comes, goes to the clipboard: window_words(). */
static void copy_text(struct window *window)
{
	window->reading = input_read(window->input, ++window->read_id);
}

/* The client's own keys; help (options.c) names them. */
static const struct {
	SDL_Scancode scancode;
	void (*act)(struct window *window);
} own_keys[] = {{SDL_SCANCODE_F7, copy_text}, {SDL_SCANCODE_F8, toggle_keyboard},
    {SDL_SCANCODE_F9, toggle_pinch}, {SDL_SCANCODE_F10, window_rotate},
    {SDL_SCANCODE_F11, window_toggle_fullscreen}, {SDL_SCANCODE_F12, toggle_statistics}};

static void on_key(struct window *window, const SDL_KeyboardEvent *event)
{
	bool down = event->type == SDL_KEYDOWN;

	if (event->repeat)
		return; /* the phone repeats by itself */
	for (unsigned i = 0; i < G_N_ELEMENTS(own_keys); i++)
		if (event->keysym.scancode == own_keys[i].scancode) {
			if (down)
				own_keys[i].act(window);
			return;
		}
	/* While the terminal's own keyboard is up its characters come as text. */
	if (down && SDL_IsTextInputActive() && event->keysym.sym >= ' ' &&
	    event->keysym.sym < 127 && !(event->keysym.mod & (KMOD_CTRL | KMOD_ALT)))
		return;
	input_key(window->input, keymap_from_scancode(event->keysym.scancode), down);
}

/* The terminal's on-screen keyboard: a character to the keys that make it on a US layout. */
static void on_text(struct window *window, const char *text)
{
	uint16_t code;
	bool shifted;

	for (; *text; text++) {
		if (!keymap_from_character(*text, &code, &shifted))
			continue;
		if (shifted)
			input_key(window->input, KEY_LEFTSHIFT, true);
		input_key(window->input, code, true);
		input_key(window->input, code, false);
		if (shifted)
			input_key(window->input, KEY_LEFTSHIFT, false);
	}
}

/* With Ctrl the wheel zooms. */
static void on_wheel(struct window *window, int notches)
{
	int x, y;

	SDL_GetMouseState(&x, &y);
	if (!(SDL_GetModState() & KMOD_CTRL)) {
		on_mouse(window, x, y, (int8_t)CLAMP(notches, -127, 127));
		return;
	}
	bool was = window->zoom.factor > 1;
	double wx = x, wy = y;

	window_to_output(window, &wx, &wy);
	zoom_by(&window->zoom, &window->view, notches > 0 ? 1.25 : 0.8, wx, wy);
	zoomed(window, was);
}

static void on_window(struct window *window, const SDL_WindowEvent *event)
{
	if (event->event == SDL_WINDOWEVENT_FOCUS_LOST) {
		input_release(window->input);
		window->pinch = (struct pinch){0};
		return;
	}
	window->stale = true;
	if (event->event == SDL_WINDOWEVENT_SIZE_CHANGED)
		window->resized(window->data);
}

void window_on_event(struct window *window, const SDL_Event *event)
{
	switch (event->type) {
	case SDL_QUIT:
		window->closed(window->data);
		break;
	case SDL_WINDOWEVENT:
		on_window(window, &event->window);
		break;
	case SDL_KEYDOWN:
	case SDL_KEYUP:
		on_key(window, &event->key);
		break;
	case SDL_TEXTINPUT:
		on_text(window, event->text.text);
		break;
	case SDL_FINGERDOWN:
	case SDL_FINGERMOTION:
	case SDL_FINGERUP:
		on_finger(window, &event->tfinger);
		break;
	case SDL_MOUSEMOTION:
		on_mouse(window, event->motion.x, event->motion.y, 0);
		break;
	case SDL_MOUSEBUTTONDOWN:
		window->buttons |= button_bit(event->button.button);
		on_mouse(window, event->button.x, event->button.y, 0);
		break;
	case SDL_MOUSEBUTTONUP:
		window->buttons &= (uint8_t)~button_bit(event->button.button);
		on_mouse(window, event->button.x, event->button.y, 0);
		break;
	case SDL_MOUSEWHEEL:
		on_wheel(window, event->wheel.y);
		break;
	default:
		break;
	}
}
