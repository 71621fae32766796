// SPDX-License-Identifier: GPL-2.0-or-later
// PNG to RGB (RFC 2083): 8 bits a sample, colour with or without alpha, no interlace; what Chromium and mtp-client write.
import zlib from 'node:zlib';

const SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex');

// Undoes a row's filter in place; `before` is the row above, `step` the bytes of a pixel.
function unfilter(filter, line, before, step) {
	const n = line.length;
	if (filter === 1) {
		for (let i = step; i < n; i++)
			line[i] += line[i - step];
	} else if (filter === 2) {
		for (let i = 0; i < n; i++)
			line[i] += before[i];
	} else if (filter === 3) {
		for (let i = 0; i < n; i++)
			line[i] += (i < step ? 0 : line[i - step]) + before[i] >> 1;
	} else if (filter === 4) {
		for (let i = 0; i < n; i++) {
			const left = i < step ? 0 : line[i - step], up = before[i], corner = i < step ? 0 : before[i - step];
			const a = Math.abs(up - corner), b = Math.abs(left - corner), c = Math.abs(left + up - 2 * corner);
			line[i] += a <= b && a <= c ? left : b <= c ? up : corner;
		}
	} else if (filter !== 0) {
		throw new Error(`no PNG filter ${filter}`);
	}
}

// { width, height, rgb }
export function decode(png) {
	if (!png.subarray(0, 8).equals(SIGNATURE))
		throw new Error('not a PNG');
	const width = png.readUInt32BE(16), height = png.readUInt32BE(20), step = { 2: 3, 6: 4 }[png[25]];
	if (png[24] !== 8 || !step || png[28] !== 0)
		throw new Error('not 8 bits of colour a sample, or interlaced');
	const data = [];
	for (let at = 8; at < png.length;) {
		const size = png.readUInt32BE(at);
		if (png.toString('latin1', at + 4, at + 8) === 'IDAT')
			data.push(png.subarray(at + 8, at + 8 + size));
		at += 12 + size;
	}
	const raw = zlib.inflateSync(Buffer.concat(data)), stride = width * step, rgb = Buffer.alloc(width * height * 3);
	let before = new Uint8Array(stride);
	for (let y = 0, out = 0; y < height; y++) {
		const line = raw.subarray(y * (stride + 1) + 1, (y + 1) * (stride + 1));
		unfilter(raw[y * (stride + 1)], line, before, step);
		before = line;
		for (let i = 0; i < stride; i += step) {
			rgb[out++] = line[i];
			rgb[out++] = line[i + 1];
			rgb[out++] = line[i + 2];
		}
	}
	return { width, height, rgb };
}
