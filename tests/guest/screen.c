/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "screen.h"

#include <libdrm/drm.h>
#include <libdrm/drm_mode.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#define ID_MAX 16   /* connectors, and controllers, that are looked at */
#define MODE_MAX 64 /* modes of a connector that are looked at */

struct output {
	uint32_t connector, crtc;
	struct drm_mode_modeinfo mode;
};

static bool fail(const char *what)
{
	fprintf(stderr, "screen: cannot %s: %s\n", what, strerror(errno));
	return false;
}

/* The connector's preferred mode, else its first. */
static bool find_mode(int fd, uint32_t connector, struct drm_mode_modeinfo *mode)
{
	static struct drm_mode_modeinfo modes[MODE_MAX];
	struct drm_mode_get_connector query = {.connector_id = connector};
	if (ioctl(fd, DRM_IOCTL_MODE_GETCONNECTOR, &query) < 0 || query.connection != 1)
		return false;
	/* The kernel fills an array only if all of it fits. */
	uint32_t count = query.count_modes;
	if (count == 0 || count > MODE_MAX)
		return false;
	query = (struct drm_mode_get_connector){
	    .connector_id = connector, .count_modes = count, .modes_ptr = (uintptr_t)modes};
	if (ioctl(fd, DRM_IOCTL_MODE_GETCONNECTOR, &query) < 0 || query.count_modes == 0 ||
	    query.count_modes > MODE_MAX)
		return false;
	*mode = modes[0];
	for (uint32_t i = 0; i < query.count_modes; i++)
		if (modes[i].type & DRM_MODE_TYPE_PREFERRED) {
			*mode = modes[i];
			break;
		}
	return true;
}

static bool find_output(int fd, struct output *output)
{
	uint32_t connectors[ID_MAX] = {0}, crtcs[ID_MAX] = {0};
	struct drm_mode_card_res resources = {
	    .count_connectors = ID_MAX,
	    .connector_id_ptr = (uintptr_t)connectors,
	    .count_crtcs = ID_MAX,
	    .crtc_id_ptr = (uintptr_t)crtcs,
	};
	if (ioctl(fd, DRM_IOCTL_MODE_GETRESOURCES, &resources) < 0)
		return fail("list outputs");
	/* virtio-gpu has one controller for each connector, in the same order. */
	for (uint32_t i = 0; i < resources.count_connectors && i < resources.count_crtcs; i++)
		if (find_mode(fd, connectors[i], &output->mode)) {
			output->connector = connectors[i];
			output->crtc = crtcs[i];
			return true;
		}
	errno = ENODEV;
	return fail("find a connected screen");
}

static bool make_buffer(struct screen *screen)
{
	struct drm_mode_create_dumb buffer = {
	    .width = (uint32_t)screen->width, .height = (uint32_t)screen->height, .bpp = 32};
	if (ioctl(screen->fd, DRM_IOCTL_MODE_CREATE_DUMB, &buffer) < 0)
		return fail("make a buffer");
	struct drm_mode_fb_cmd framebuffer = {
	    .width = buffer.width,
	    .height = buffer.height,
	    .pitch = buffer.pitch,
	    .bpp = 32,
	    .depth = 24,
	    .handle = buffer.handle,
	};
	if (ioctl(screen->fd, DRM_IOCTL_MODE_ADDFB, &framebuffer) < 0)
		return fail("make a frame buffer");
	struct drm_mode_map_dumb map = {.handle = buffer.handle};
	if (ioctl(screen->fd, DRM_IOCTL_MODE_MAP_DUMB, &map) < 0)
		return fail("map the buffer");
	screen->pixels = mmap(
	    NULL, buffer.size, PROT_READ | PROT_WRITE, MAP_SHARED, screen->fd, (off_t)map.offset);
	if (screen->pixels == MAP_FAILED)
		return fail("map the buffer");
	screen->stride = buffer.pitch / sizeof(*screen->pixels);
	screen->framebuffer = framebuffer.fb_id;
	screen->buffer = buffer.handle;
	screen->size = buffer.size;
	return true;
}

static bool take_mode(struct screen *screen, struct output *output)
{
	screen->width = output->mode.hdisplay;
	screen->height = output->mode.vdisplay;
	if (!make_buffer(screen))
		return false;
	struct drm_mode_crtc crtc = {
	    .crtc_id = output->crtc,
	    .fb_id = screen->framebuffer,
	    .set_connectors_ptr = (uintptr_t)&output->connector,
	    .count_connectors = 1,
	    .mode = output->mode,
	    .mode_valid = 1,
	};
	if (ioctl(screen->fd, DRM_IOCTL_MODE_SETCRTC, &crtc) < 0)
		return fail("set the mode");
	return true;
}

bool screen_init(struct screen *screen, const char *path)
{
	struct output output;
	screen->fd = open(path, O_RDWR | O_CLOEXEC);
	if (screen->fd < 0)
		return fail("open the graphics device");
	return find_output(screen->fd, &output) && take_mode(screen, &output);
}

bool screen_follow(struct screen *screen)
{
	struct output output;
	if (!find_output(screen->fd, &output) ||
	    (output.mode.hdisplay == screen->width && output.mode.vdisplay == screen->height))
		return false;
	uint32_t framebuffer = screen->framebuffer;
	struct drm_mode_destroy_dumb buffer = {.handle = screen->buffer};
	munmap(screen->pixels, screen->size);
	bool taken = take_mode(screen, &output);
	ioctl(screen->fd, DRM_IOCTL_MODE_RMFB, &framebuffer);
	ioctl(screen->fd, DRM_IOCTL_MODE_DESTROY_DUMB, &buffer);
	return taken;
}

static int clamp(int value, int max)
{
	return value < 0 ? 0 : value > max ? max : value;
}

void screen_flush(struct screen *screen, int x, int y, int width, int height)
{
	struct drm_clip_rect clip = {
	    .x1 = (unsigned short)clamp(x, screen->width),
	    .y1 = (unsigned short)clamp(y, screen->height),
	    .x2 = (unsigned short)clamp(x + width, screen->width),
	    .y2 = (unsigned short)clamp(y + height, screen->height),
	};
	if (clip.x1 >= clip.x2 || clip.y1 >= clip.y2)
		return;
	struct drm_mode_fb_dirty_cmd dirty = {
	    .fb_id = screen->framebuffer, .num_clips = 1, .clips_ptr = (uintptr_t)&clip};
	if (ioctl(screen->fd, DRM_IOCTL_MODE_DIRTYFB, &dirty) < 0)
		fail("show what was drawn");
}
