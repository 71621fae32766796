// SPDX-License-Identifier: GPL-2.0-or-later
// node pixel.mjs FILE.png X Y: prints the pixel as rrggbb.
import fs from 'node:fs';
import { decode } from '../../bench/screen/browser/png.mjs';

const [file, x, y] = process.argv.slice(2);
const { width, height, rgb } = decode(fs.readFileSync(file));
if (x >= width || y >= height)
	throw new Error('outside the picture');
const at = (Number(y) * width + Number(x)) * 3;
console.log(rgb.subarray(at, at + 3).toString('hex'));
