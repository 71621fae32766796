/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-client/sdl/overlay.h"

#include <glib.h>
#include <string.h>

#include "mtp-client/sdl/font.h"

#define COLUMNS_MAX 48 /* letters a line */
#define ADVANCE 6      /* dots from one letter to the next */
#define LEADING 10     /* dots from one line to the next */
#define MARGIN 6       /* dots */

static void draw_letter(SDL_Renderer *renderer, char letter, int x, int y, int dot)
{
	const uint8_t *rows = font_rows(letter);

	for (int row = 0; rows && row < FONT_HEIGHT; row++)
		for (int column = 0; column < FONT_WIDTH; column++)
			if (font_dot(rows, column, row)) {
				const SDL_Rect r = {x + column * dot, y + row * dot, dot, dot};

				SDL_RenderFillRect(renderer, &r);
			}
}

/* How much of the text goes on a line of so many letters: up to a line's end, or a space. */
static size_t line_length(const char *text, size_t columns)
{
	size_t n = strcspn(text, "\n");

	if (n <= columns)
		return n;
	for (size_t i = columns; i > 0; i--)
		if (text[i] == ' ')
			return i;
	return columns;
}

static const char *next_line(const char *text, size_t n)
{
	text += n;
	return *text == ' ' || *text == '\n' ? text + 1 : text;
}

void overlay_draw(SDL_Renderer *renderer, const char *text, enum overlay_place place)
{
	int width = 0, height = 0, lines = 0;
	size_t longest = 0;

	SDL_GetRendererOutputSize(renderer, &width, &height);
	int dot = CLAMP(width / 200, 1, 8);
	size_t columns = (size_t)CLAMP(width / (ADVANCE * dot) - 3, 1, COLUMNS_MAX);

	for (const char *at = text; *at; lines++) {
		size_t n = line_length(at, columns);

		longest = MAX(longest, n);
		at = next_line(at, n);
	}
	SDL_Rect box = {MARGIN * dot, MARGIN * dot, ((int)longest * ADVANCE + 2 * MARGIN) * dot,
	    (lines * LEADING + 2 * MARGIN) * dot};

	if (place == OVERLAY_MIDDLE) {
		box.x = (width - box.w) / 2;
		box.y = (height - box.h) / 2;
	}
	SDL_SetRenderDrawBlendMode(renderer, SDL_BLENDMODE_BLEND);
	SDL_SetRenderDrawColor(renderer, 0, 0, 0, 190);
	SDL_RenderFillRect(renderer, &box);
	SDL_SetRenderDrawColor(renderer, 240, 240, 240, 255);
	int y = box.y + MARGIN * dot;

	for (const char *at = text; *at; y += LEADING * dot) {
		size_t n = line_length(at, columns);

		for (size_t i = 0; i < n; i++)
			draw_letter(
			    renderer, at[i], box.x + (MARGIN + (int)i * ADVANCE) * dot, y, dot);
		at = next_line(at, n);
	}
}
