/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/screens.h"

#include "mtp-server/adapt.h"

/* One scaled size. */
struct size {
	struct screens *screens;
	struct adapt *adapt;
	struct screen *screen;
	struct block_set stale; /* of the phone's picture: not rescaled yet */
};

/* One feed, in the size that it was given. */
struct member {
	struct feed *feed;
	struct adapt_wish wish;
	struct size *size; /* NULL: the phone's own */
	bool moves;        /* the wish is not granted yet */
	int64_t moved_us;
};

struct screens {
	const struct screen_host *host;
	void *data;
	struct screen *own; /* the phone's size */
	struct adapt_fit identity;
	GPtrArray *sizes; /* owned */
	GArray *members;
};

static void size_free(gpointer data)
{
	struct size *size = data;
	screen_free(size->screen);
	adapt_free(size->adapt);
	block_set_finish(&size->stale);
	g_free(size);
}

/* --- what the screens ask --- */

static struct surface *own_take(void *data, struct rectangle *region)
{
	struct screens *s = data;
	return s->host->take(s->data, region);
}

static int64_t own_now(void *data)
{
	struct screens *s = data;
	return s->host->now_us(s->data);
}

static bool is_current(const struct size *size)
{
	const struct adapt_fit *fit = adapt_fit_of(size->adapt);
	const struct picture *picture = screen_picture(size->screens->own);
	return fit->phone_width == picture->width && fit->phone_height == picture->height;
}

static void own_damaged(void *data, const struct block_set *damage)
{
	struct screens *s = data;
	for (guint i = 0; i < s->sizes->len; i++) {
		struct size *size = s->sizes->pdata[i];
		if (is_current(size))
			block_set_unite(&size->stale, damage);
	}
}

static void own_resized(void *data, unsigned width, unsigned height)
{
	struct screens *s = data;
	s->identity = adapt_fit(width, height, &(struct adapt_wish){0});
	/* Not from inside a look, which may be a scaled screen's own. */
	for (guint i = 0; i < s->members->len; i++)
		g_array_index(s->members, struct member, i).moves = true;
	s->host->resized(s->data, width, height);
}

static struct surface *size_take(void *data, struct rectangle *region)
{
	struct size *size = data;
	*region = (struct rectangle){0};
	const struct picture *picture = screen_look(size->screens->own);
	if (!picture)
		return NULL;
	/* After a change of mode its feeds are about to move to another size. */
	if (is_current(size)) {
		*region = adapt_damage(size->adapt, picture, &size->stale);
		block_set_clear(&size->stale);
	}
	return surface_ref(adapt_surface(size->adapt));
}

static int64_t size_now(void *data)
{
	return own_now(((struct size *)data)->screens);
}

static void size_resized(void *data, unsigned width, unsigned height)
{
	(void)data, (void)width, (void)height;
}

/* --- sizes --- */

static struct size *size_new(struct screens *s, const struct adapt_fit *fit)
{
	static const struct screen_host host = {
	    .take = size_take, .now_us = size_now, .resized = size_resized};
	struct size *size = g_new0(struct size, 1);
	size->screens = s;
	size->adapt = adapt_new(fit);
	size->screen = screen_new(fit->width, fit->height, &host, size);
	block_set_init(&size->stale, fit->phone_width, fit->phone_height);
	g_ptr_array_add(s->sizes, size);
	if (screen_look(s->own))
		screen_changed(size->screen);
	return size;
}

static bool is_used(const struct screens *s, const struct size *size)
{
	for (guint i = 0; i < s->members->len; i++)
		if (g_array_index(s->members, struct member, i).size == size)
			return true;
	return false;
}

static void drop_unused(struct screens *s)
{
	for (guint i = s->sizes->len; i-- > 0;)
		if (!is_used(s, s->sizes->pdata[i]))
			g_ptr_array_remove_index_fast(s->sizes, i);
}

/* NULL: the phone's own. */
static struct size *size_for(struct screens *s, const struct adapt_wish *wish)
{
	const struct picture *own = screen_picture(s->own);
	struct adapt_fit fit = adapt_fit(own->width, own->height, wish);
	if (adapt_fit_is_identity(&fit))
		return NULL;
	for (guint i = 0; i < s->sizes->len; i++) {
		struct size *size = s->sizes->pdata[i];
		if (adapt_fit_equal(adapt_fit_of(size->adapt), &fit))
			return size;
	}
	drop_unused(s);
	return s->sizes->len < SCREENS_SCALED_MAX ? size_new(s, &fit) : NULL;
}

static struct screen *screen_of(const struct screens *s, const struct size *size)
{
	return size ? size->screen : s->own;
}

/* --- feeds --- */

static struct member *find(const struct screens *s, const struct feed *feed)
{
	for (guint i = 0; i < s->members->len; i++) {
		struct member *member = &g_array_index(s->members, struct member, i);
		if (member->feed == feed)
			return member;
	}
	g_assert_not_reached();
}

const struct picture *screens_picture(struct screens *s, const struct adapt_wish *wish)
{
	return screen_picture(screen_of(s, size_for(s, wish)));
}

void screens_add(struct screens *s, struct feed *feed, const struct adapt_wish *wish)
{
	const struct member member = {.feed = feed,
	    .wish = *wish,
	    .size = size_for(s, wish),
	    .moved_us = s->host->now_us(s->data)};
	g_array_append_val(s->members, member);
	screen_add(screen_of(s, member.size), feed);
}

void screens_remove(struct screens *s, struct feed *feed)
{
	struct member *member = find(s, feed);
	screen_remove(screen_of(s, member->size), feed);
	g_array_remove_index_fast(
	    s->members, (guint)(member - &g_array_index(s->members, struct member, 0)));
	drop_unused(s);
}

void screens_wish(struct screens *s, struct feed *feed, const struct adapt_wish *wish)
{
	struct member *member = find(s, feed);
	member->wish = *wish;
	member->moves = true;
}

const struct picture *screens_feed_picture(const struct screens *s, const struct feed *feed)
{
	return screen_picture(screen_of(s, find(s, feed)->size));
}

const struct adapt_fit *screens_fit(const struct screens *s, const struct feed *feed)
{
	const struct member *member = find(s, feed);
	return member->size ? adapt_fit_of(member->size->adapt) : &s->identity;
}

unsigned screens_scaled(const struct screens *s)
{
	return s->sizes->len;
}

static int64_t move_due(const struct member *member)
{
	return member->moves ? member->moved_us + SCREENS_MOVE_US : SCREEN_NEVER;
}

static void move(struct screens *s, struct member *member, int64_t now)
{
	const struct picture *own = screen_picture(s->own);
	struct adapt_fit fit = adapt_fit(own->width, own->height, &member->wish);
	member->moves = false;
	member->moved_us = now;
	if (adapt_fit_equal(&fit, screens_fit(s, member->feed)))
		return;
	bool was_scaled = member->size;
	screen_remove(screen_of(s, member->size), member->feed);
	member->size = NULL; /* a size that only this feed had makes room */
	member->size = size_for(s, &member->wish);
	struct screen *screen = screen_of(s, member->size);
	screen_add(screen, member->feed);
	if (was_scaled || member->size)
		feed_screen(member->feed, screen_picture(screen));
}

static void move_members(struct screens *s, int64_t now)
{
	for (guint i = 0; i < s->members->len; i++) {
		struct member *member = &g_array_index(s->members, struct member, i);
		if (move_due(member) <= now)
			move(s, member, now);
	}
	drop_unused(s);
}

/* --- as a screen --- */

void screens_changed(struct screens *s)
{
	screen_changed(s->own);
	for (guint i = 0; i < s->sizes->len; i++)
		screen_changed(((struct size *)s->sizes->pdata[i])->screen);
}

void screens_input(struct screens *s)
{
	screen_input(s->own);
	for (guint i = 0; i < s->sizes->len; i++)
		screen_input(((struct size *)s->sizes->pdata[i])->screen);
}

int64_t screens_due(const struct screens *s)
{
	int64_t due = screen_due(s->own);
	for (guint i = 0; i < s->sizes->len; i++)
		due = MIN(due, screen_due(((struct size *)s->sizes->pdata[i])->screen));
	for (guint i = 0; i < s->members->len; i++)
		due = MIN(due, move_due(&g_array_index(s->members, struct member, i)));
	return due;
}

void screens_run(struct screens *s)
{
	move_members(s, s->host->now_us(s->data));
	for (guint i = 0; i < s->sizes->len; i++)
		screen_run(((struct size *)s->sizes->pdata[i])->screen);
	screen_run(s->own);
}

const struct picture *screens_look(struct screens *s)
{
	return screen_look(s->own);
}

struct screens *screens_new(
    unsigned width, unsigned height, const struct screen_host *host, void *data)
{
	static const struct screen_host ours = {
	    .take = own_take, .now_us = own_now, .resized = own_resized, .damaged = own_damaged};
	struct screens *s = g_new0(struct screens, 1);
	s->host = host;
	s->data = data;
	s->own = screen_new(width, height, &ours, s);
	s->identity = adapt_fit(width, height, &(struct adapt_wish){0});
	s->sizes = g_ptr_array_new_with_free_func(size_free);
	s->members = g_array_new(FALSE, FALSE, sizeof(struct member));
	return s;
}

void screens_free(struct screens *s)
{
	if (!s)
		return;
	g_ptr_array_unref(s->sizes);
	screen_free(s->own);
	g_array_unref(s->members);
	g_free(s);
}
