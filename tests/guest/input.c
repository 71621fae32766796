/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "input.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/input.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static void read_range(int fd, unsigned axis, int *min, int *max)
{
	struct input_absinfo info;
	*min = 0;
	*max = 1;
	if (ioctl(fd, EVIOCGABS(axis), &info) == 0 && info.maximum > info.minimum) {
		*min = info.minimum;
		*max = info.maximum;
	}
}

bool input_init(struct input_device *device, const char *path)
{
	unsigned char axes[ABS_CNT / 8 + 1] = {0};
	memset(device, 0, sizeof(*device));
	device->fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (device->fd < 0)
		return false;
	ioctl(device->fd, EVIOCGBIT(EV_ABS, sizeof(axes)), axes);
	device->multi_touch = axes[ABS_MT_POSITION_X / 8] >> ABS_MT_POSITION_X % 8 & 1;
	read_range(device->fd, device->multi_touch ? ABS_MT_POSITION_X : ABS_X, &device->x_min,
	    &device->x_max);
	read_range(device->fd, device->multi_touch ? ABS_MT_POSITION_Y : ABS_Y, &device->y_min,
	    &device->y_max);
	return true;
}

static void press(struct input_contact *contact, bool down)
{
	contact->began = down && !contact->down;
	contact->changed |= down;
	contact->down = down;
}

static void on_axis(struct input_device *device, unsigned code, int value)
{
	struct input_contact *contact = &device->contacts[device->slot];
	switch (code) {
	case ABS_MT_SLOT:
		if (value >= 0 && value < INPUT_SLOT_MAX)
			device->slot = value;
		break;
	case ABS_MT_TRACKING_ID:
		press(contact, value >= 0);
		break;
	case ABS_MT_POSITION_X:
	case ABS_X:
		/* A multi-touch device tells its first contact a second time, as a pointer. */
		if ((code == ABS_X) == device->multi_touch)
			break;
		contact->x = value;
		contact->changed = true;
		break;
	case ABS_MT_POSITION_Y:
	case ABS_Y:
		if ((code == ABS_Y) == device->multi_touch)
			break;
		contact->y = value;
		contact->changed = true;
		break;
	default:
		break;
	}
}

static void on_report(struct input_device *device, const struct input_events *events)
{
	for (int slot = 0; slot < INPUT_SLOT_MAX; slot++) {
		struct input_contact *contact = &device->contacts[slot];
		if (contact->changed && contact->down)
			events->contact(events->context, slot, contact->began,
			    (double)(contact->x - device->x_min) / (device->x_max - device->x_min),
			    (double)(contact->y - device->y_min) / (device->y_max - device->y_min));
		contact->changed = contact->began = false;
	}
}

static void on_event(
    struct input_device *device, const struct input_events *events, const struct input_event *event)
{
	if (event->type == EV_ABS)
		on_axis(device, event->code, event->value);
	else if (event->type == EV_SYN && event->code == SYN_REPORT)
		on_report(device, events);
	else if (event->type == EV_KEY && event->code == BTN_LEFT && !device->multi_touch)
		press(&device->contacts[0], event->value != 0);
	else if (event->type == EV_KEY && event->value == 1 &&
	         (event->code < BTN_MISC || event->code >= KEY_OK))
		events->key(events->context, event->code);
}

bool input_read(struct input_device *device, const struct input_events *events)
{
	struct input_event queue[64];
	ssize_t length;
	while ((length = read(device->fd, queue, sizeof(queue))) > 0)
		for (size_t i = 0; i < (size_t)length / sizeof(queue[0]); i++)
			on_event(device, events, &queue[i]);
	return length < 0 && (errno == EAGAIN || errno == EINTR);
}
