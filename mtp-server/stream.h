/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A terminal's byte stream, whatever carries it (tls_stream.c, websocket_stream.c). Main thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct stream;

struct stream_events {
	/* Some bytes came. A little may still come after stream_pause(). */
	void (*receive)(struct stream *stream, const void *bytes, size_t n, void *data);
	/* stream_write() takes bytes again. */
	void (*writable)(struct stream *stream, void *data);
	/* The peer is gone. The stream is still there until stream_close(). */
	void (*closed)(struct stream *stream, void *data);
};

struct stream_class {
	size_t (*write)(struct stream *stream, const void *bytes, size_t n);
	void (*pause)(struct stream *stream, bool paused);
	void (*close)(struct stream *stream);
};

struct stream {
	const struct stream_class *class;
	const struct stream_events *events; /* set by the owner, with data */
	void *data;
	char *address; /* the peer's, textual; of the class */
};

/* Takes as many of the bytes as it has room for; after less than all, waits for `writable`. */
static inline size_t stream_write(struct stream *stream, const void *bytes, size_t n)
{
	return stream->class->write(stream, bytes, n);
}

/* Stops reading from the peer: back-pressure. */
static inline void stream_pause(struct stream *stream, bool paused)
{
	stream->class->pause(stream, paused);
}

/* What was written still goes out, for a while; no more events; the stream frees itself. */
static inline void stream_close(struct stream *stream)
{
	stream->class->close(stream);
}
