/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "card.h"

#include <stdio.h>
#include <string.h>

#include "mtp-client/sdl/font.h"

#define BLACK 0x000000
#define WHITE 0xffffff
#define FIELD 0x203040
#define GRID 0x405060
#define ADVANCE 6 /* dots from one letter to the next: five and a gap */
#define LEADING 9 /* dots from one line to the next */

static const uint32_t bars[8] = {
    0xffffff, 0xffff00, 0x00ffff, 0x00ff00, 0xff00ff, 0xff0000, 0x0000ff, 0x000000};
static const uint32_t bands[8] = {
    0x204080, 0x208040, 0x802040, 0x806020, 0x602080, 0x208080, 0x808020, 0x606060};
static const uint32_t marks[8] = {
    0xff4040, 0x40ff40, 0x4080ff, 0xffff40, 0xff40ff, 0x40ffff, 0xff8000, 0xffffff};

static void fill(struct screen *screen, int x, int y, int width, int height, uint32_t colour)
{
	int left = x < 0 ? 0 : x, top = y < 0 ? 0 : y;
	int right = x + width > screen->width ? screen->width : x + width;
	int bottom = y + height > screen->height ? screen->height : y + height;
	for (int row = top; row < bottom; row++)
		for (int column = left; column < right; column++)
			screen->pixels[(size_t)row * screen->stride + (size_t)column] = colour;
}

/* Dots of dot x dot pixels. What does not fit into the line is left out. */
static void write_text(
    struct screen *screen, int x, int y, int dot, uint32_t colour, const char *text)
{
	for (; *text && x + ADVANCE * dot <= screen->width; text++, x += ADVANCE * dot) {
		const uint8_t *rows = font_rows(*text);
		for (int row = 0; rows && row < FONT_HEIGHT; row++)
			for (int column = 0; column < FONT_WIDTH; column++)
				if (font_dot(rows, column, row))
					fill(screen, x + column * dot, y + row * dot, dot, dot,
					    colour);
	}
}

/* Pixels a dot of the status line; the text below it is written with single dots, as small print.
 */
static int dot_of(const struct screen *screen)
{
	int dot = screen->width / 180;
	return dot < 1 ? 1 : dot;
}

static void draw_status(struct card *card)
{
	struct screen *screen = card->screen;
	int dot = dot_of(screen), x = 4 * dot, y = 3 * dot;
	char counts[40];
	fill(screen, 0, 0, screen->width, screen->height / 8, bands[card->keys % 8]);
	write_text(screen, x, y, dot, WHITE, card->hostname);
	snprintf(counts, sizeof(counts), "KEYS %u TOUCHES %u", card->keys, card->touches);
	write_text(screen, x, y + LEADING * dot, dot, WHITE, counts);
	write_text(screen, x, y + 2 * LEADING * dot, dot, WHITE,
	    card->application[0] ? card->application : "-");
}

void card_show_status(struct card *card)
{
	draw_status(card);
	screen_flush(card->screen, 0, 0, card->screen->width, card->screen->height / 8);
}

static void draw_bars(struct screen *screen, int top, int height)
{
	for (int i = 0; i < 8; i++) {
		int left = screen->width * i / 8, right = screen->width * (i + 1) / 8;
		fill(screen, left, top, right - left, height, bars[i]);
	}
}

static void draw_gradient(struct screen *screen, int top, int height)
{
	for (int y = 0; y < height; y++)
		for (int x = 0; x < screen->width; x++)
			screen->pixels[(size_t)(top + y) * screen->stride + (size_t)x] =
			    (uint32_t)(x * 255 / screen->width) << 16 |
			    (uint32_t)(y * 255 / height) << 8 | 0x60;
}

static void draw_page(struct screen *screen, int top, int height)
{
	static const char *const lines[] = {"THE QUICK BROWN FOX JUMPS OVER THE LAZY DOG",
	    "PACK MY BOX WITH FIVE DOZEN LIQUOR JUGS", "0123456789 -.,: SPHINX OF BLACK QUARTZ"};
	fill(screen, 0, top, screen->width, height, WHITE);
	for (int i = 0, y = top + 3; y + LEADING <= top + height; i++, y += LEADING)
		write_text(screen, 6, y, 1, BLACK, lines[i % 3]);
}

static void draw_field(struct screen *screen, int top, int height)
{
	fill(screen, 0, top, screen->width, height, FIELD);
	int step = screen->width / 6 > 0 ? screen->width / 6 : 1;
	for (int x = 0; x < screen->width; x += step)
		fill(screen, x, top, 1, height, GRID);
	for (int y = 0; y < height; y += step)
		fill(screen, 0, top + y, screen->width, 1, GRID);
}

void card_draw(struct card *card)
{
	struct screen *screen = card->screen;
	int eighth = screen->height / 8;
	draw_status(card);
	draw_bars(screen, eighth, eighth);
	draw_gradient(screen, 2 * eighth, eighth);
	draw_page(screen, 3 * eighth, eighth);
	draw_field(screen, 4 * eighth, screen->height - 4 * eighth);
	screen_flush(screen, 0, 0, screen->width, screen->height);
}

void card_mark(struct card *card, int slot, int x, int y)
{
	struct screen *screen = card->screen;
	int half = screen->width / 24, edge = half / 6 + 1;
	fill(screen, x - half, y - half, 2 * half + 1, 2 * half + 1, BLACK);
	fill(screen, x - half + edge, y - half + edge, 2 * (half - edge) + 1, 2 * (half - edge) + 1,
	    marks[slot & 7]);
	screen_flush(screen, x - half, y - half, 2 * half + 1, 2 * half + 1);
}
