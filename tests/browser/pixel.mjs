// SPDX-License-Identifier: GPL-2.0-or-later
// node pixel.mjs FILE.png X Y: prints the pixel as rrggbb. For 8-bit RGB without interlace, which is what mtp-client
// writes (PNG, RFC 2083).
import fs from 'node:fs';
import zlib from 'node:zlib';

const [file, x, y] = process.argv.slice(2);
const png = fs.readFileSync(file), data = [];
for (let at = 8; at < png.length;) {
	const size = png.readUInt32BE(at);
	if (png.toString('latin1', at + 4, at + 8) === 'IDAT')
		data.push(png.subarray(at + 8, at + 8 + size));
	at += 12 + size;
}
const width = png.readUInt32BE(16), raw = zlib.inflateSync(Buffer.concat(data)), stride = width * 3;
if (png[24] !== 8 || png[25] !== 2 || x >= width || y >= png.readUInt32BE(20))
	throw new Error('not 8-bit RGB, or outside the picture');

let before = new Uint8Array(stride);
for (let row = 0; row <= y; row++) {
	const filter = raw[row * (stride + 1)], line = Uint8Array.from(raw.subarray(row * (stride + 1) + 1, (row + 1) * (stride + 1)));
	for (let i = 0; i < stride; i++) {
		const left = i < 3 ? 0 : line[i - 3], up = before[i], corner = i < 3 ? 0 : before[i - 3];
		const guess = left + up - corner;
		const [a, b, c] = [left, up, corner].map(value => Math.abs(guess - value));
		const paeth = a <= b && a <= c ? left : b <= c ? up : corner;
		line[i] += [0, left, up, left + up >> 1, paeth][filter];
	}
	before = line;
}
console.log(Buffer.from(before.subarray(x * 3, x * 3 + 3)).toString('hex'));
