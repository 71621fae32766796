// SPDX-License-Identifier: GPL-2.0-or-later
// node record.mjs SESSION CONTENT.json FOLDER: draws a session of session.html, frame by frame on its own clock, and writes
// <milliseconds>.ppm for each that differs from the one before. However slow the machine, the recording is the same.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Chromium } from './chromium.mjs';
import { decode } from './png.mjs';

const WIDTH = 720, HEIGHT = 1440;
const [session, contentFile, folder] = process.argv.slice(2);
const content = JSON.parse(fs.readFileSync(contentFile, 'utf8'));
const pageUrl = new URL('session.html', import.meta.url);

async function record(page) {
	await page.evaluate(`prepare(${JSON.stringify(session)}, ${JSON.stringify(content)})`);
	let last, frames = 0;
	for (let frame = 0; frame * 1000 < content.seconds[session] * 1000 * content.rate; frame++) {
		const ms = Math.round(frame * 1000 / content.rate);
		await page.evaluate(`show(${ms})`);
		const { width, height, rgb } = decode(await page.screenshot());
		if (width !== WIDTH || height !== HEIGHT)
			throw new Error(`a frame has ${width}x${height} pixels`);
		if (last?.equals(rgb))
			continue;
		last = rgb;
		frames++;
		fs.writeFileSync(path.join(folder, `${ms}.ppm`), Buffer.concat([Buffer.from(`P6\n${width} ${height}\n255\n`), rgb]));
	}
	return frames;
}

const profile = fs.mkdtempSync(path.join(os.tmpdir(), 'qvmi-record-browser.'));
const browser = new Chromium(profile, content.options);
try {
	fs.mkdirSync(folder, { recursive: true });
	const page = await browser.open(pageUrl.href, WIDTH, HEIGHT, content.scale);
	console.error(`record-browser: ${session}: ${await record(page)} frames`);
} finally {
	await browser.close();
	fs.rmSync(profile, { recursive: true, force: true });
}
