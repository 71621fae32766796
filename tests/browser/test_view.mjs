// SPDX-License-Identifier: GPL-2.0-or-later
// How the phone is seen: the host is told the terminal's size, two fingers or Ctrl and the wheel zoom, statistics.
import { base, changes, check, eventually, openPhone, picture, rest, run, signIn } from './page.mjs';

const wanted = process.env.QVMI_PACKAGE;

// What the simulated host has heard.
const heard = page => page.evaluate(async () => (await fetch('/v1/heard')).json());
const lastTerminal = async page => (await heard(page)).terminals.at(-1);

async function onHandset(browser) {
	const context = await browser.newContext({ viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true });
	const page = await context.newPage();
	await page.goto(base);
	await signIn(page);
	await openPhone(page, wanted);
	check('HELLO asks for a picture that fits', (await heard(page)).hello.scaling === 1);

	const whole = await rest(page), box = await page.locator('#screen').boundingBox();
	const cdp = await context.newCDPSession(page);
	const touch = (type, ...points) => cdp.send('Input.dispatchTouchEvent',
		{ type, touchPoints: points.map(([x, y], id) => ({ x: box.x + box.width * x, y: box.y + box.height * y, id })) });
	const spread = async () => {
		await touch('touchStart', [0.45, 0.45]);
		await touch('touchStart', [0.45, 0.45], [0.55, 0.55]);
		for (let i = 1; i <= 10; i++) {
			await touch('touchMove', [0.45 - 0.02 * i, 0.45 - 0.02 * i], [0.55 + 0.02 * i, 0.55 + 0.02 * i]);
			await page.waitForTimeout(16);
		}
		await touch('touchEnd');
	};
	const zoom = async () => Number(await page.locator('#screen').getAttribute('data-zoom'));
	await spread();
	check('two fingers are the phone\'s', await zoom() === 1);
	await rest(page);
	await page.click('#zoom');
	await spread();
	check('after the button they zoom', await changes(page, whole) && await eventually(page, async () => await zoom() > 3));
	await rest(page);
	await page.screenshot({ path: picture('zoomed') });
	check('the host is asked for all pixels', await eventually(page, async () => (await lastTerminal(page))?.scaling === 0));
	await page.click('#zoom');
	check('and the button ends it',
		await eventually(page, async () => await zoom() === 1 && (await lastTerminal(page))?.scaling === 1));
	await context.close();
}

async function onDesktop(browser) {
	const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
	const page = await context.newPage();
	await page.goto(base);
	await signIn(page);
	await openPhone(page, wanted);
	const whole = await rest(page);
	await page.keyboard.down('Control');
	await page.mouse.move(640, 400);
	await page.mouse.wheel(0, -300);
	await page.keyboard.up('Control');
	check('Ctrl and the wheel zoom', await changes(page, whole));
	await page.setViewportSize({ width: 500, height: 700 });
	check('the host is told another window', await eventually(page, async () => (await lastTerminal(page))?.width === 500));
	await page.click('#meter');
	let text;
	const shown = await eventually(page, async () => {
		text = await page.locator('#statistics').textContent();
		return /updates\/s\n[\d.]+ kB\/s\ndelay [\d.]+ ms/.test(text);
	});
	check(`statistics are shown (${text.replaceAll('\n', ', ')})`, shown);
	await page.screenshot({ path: picture('statistics') });
	await context.close();
}

await run(onHandset, onDesktop);
