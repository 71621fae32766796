// SPDX-License-Identifier: GPL-2.0-or-later
// Pictures in motion in the browser, decoded by it, on the simulated host: the right pixels at the right place in the
// right order. A browser without H.264 says so in HELLO and gets something else. Environment as in page.mjs.
import { base, check, choose, eventually, run, signIn } from './page.mjs';

const WIDTH = 360, HEIGHT = 720;

/** The phone's pixel on the canvas. */
const pixel = (page, x, y) => page.evaluate(([x, y, width, height]) => {
	const canvas = document.getElementById('screen');
	const scale = Math.min(canvas.width / width, canvas.height / height);
	const left = (canvas.width - width * scale) / 2, top = (canvas.height - height * scale) / 2;
	const copy = new OffscreenCanvas(1, 1).getContext('2d'); // a worker may have its context
	copy.drawImage(canvas, -Math.floor(left + (x + 0.5) * scale), -Math.floor(top + (y + 0.5) * scale));
	return [...copy.getImageData(0, 0, 1, 1).data].slice(0, 3);
}, [x, y, WIDTH, HEIGHT]);

const near = (a, b) => a.every((value, i) => Math.abs(value - b[i]) <= 6);

async function open(browser, name, updates) {
	const page = await (await browser.newContext({ viewport: { width: 800, height: 900 } })).newPage();
	await page.goto(base);
	await signIn(page);
	await choose(page, name);
	await page.locator('#screen[data-state=live]').waitFor({ timeout: 60000 });
	await page.waitForFunction(n => +document.getElementById('screen').dataset.updates >= n, updates, { timeout: 60000 });
	return page;
}

async function film(browser) {
	const page = await open(browser, 'film', 1);
	const decodes = await page.evaluate(async () => 'VideoDecoder' in window &&
		!!(await VideoDecoder.isConfigSupported({ codec: 'avc1.640020', optimizeForLatency: true })).supported);
	if (!decodes) {
		check('a browser without H.264 is sent none', await eventually(page, async () => near(await pixel(page, 100, 130), [0, 0, 200])));
		return page.context().close();
	}
	await page.waitForFunction(() => +document.getElementById('screen').dataset.updates >= 2, undefined, { timeout: 60000 });
	const expected = [
		['around it', 60, 130, [0, 0, 0]],
		['the second picture, where it is shown', 80, 110, [90, 90, 90]],
		['... and what it did not change', 80, 140, [128, 128, 128]],
		['the first picture, where the second is not', 110, 110, [128, 128, 128]],
	];
	for (const [what, x, y, rgb] of expected) {
		let got;
		const good = await eventually(page, async () => near(got = await pixel(page, x, y), rgb));
		check(`film: ${what}: ${got}`, good);
	}
	await page.context().close();

	const other = await open(browser, 'broken-film', 1);
	check('a picture that the browser cannot decode: again without',
		await eventually(page, async () => (await pixel(other, WIDTH / 2, HEIGHT / 2))[2] > 150));
	await other.context().close();
}

await run(film);
