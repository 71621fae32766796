// SPDX-License-Identifier: GPL-2.0-or-later
//
// The browser client in headless Chromium, on a running system: sign in, open the phone, see it, swipe, see the
// change; on a handset's viewport with touch, and on a desktop with mouse and keys.
//
//   QVMI_URL=https://127.0.0.1:8443 QVMI_USER=demo QVMI_PASSWORD_FILE=... QVMI_CA=ca.pem node test_client.mjs
//
// QVMI_PACKAGE (default: the first offered) is the package's id; QVMI_SCREENSHOTS (default build/browser) takes the
// pictures. Needs node_modules (npm ci) and Chromium.
import { base, changes, check, eventually, look, openPhone, password, picture, rest, run, signIn } from './page.mjs';

const wanted = process.env.QVMI_PACKAGE;

async function onHandset(browser) {
	const context = await browser.newContext({ viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true });
	const page = await context.newPage();
	const errors = [];
	page.on('pageerror', error => errors.push(String(error)));
	page.on('console', message => message.type() === 'error' && !/status of 401/.test(message.text()) && errors.push(message.text()));

	await page.goto(base);
	await signIn(page, `${password}x`);
	await page.locator('#sign-in-message', { hasText: /wrong/i }).waitFor();
	check('a wrong password is refused, in words', true);
	await page.screenshot({ path: picture('sign-in') });
	await signIn(page);
	await page.locator('.tile img').first().waitFor();
	check('the tile has its icon', await eventually(page, () =>
		page.locator('.tile img').first().evaluate(img => img.complete && img.naturalWidth > 0)));
	await page.screenshot({ path: picture('packages') });

	const before = await openPhone(page, wanted);
	check(`handset: the phone is on the canvas (${before.colours} colours)`, before.colours > 8 && before.bright > 0.05);
	check(`handset: as sharp as the screen (${before.width}x${before.height})`, before.width === 780);
	check('handset: the page does not scroll', await page.evaluate(() =>
		document.documentElement.scrollHeight <= innerHeight && document.documentElement.scrollWidth <= innerWidth));
	await page.screenshot({ path: picture('handset-before') });

	const box = await page.locator('#screen').boundingBox();
	const x = box.x + box.width / 2, y = share => box.y + box.height * share;
	const cdp = await context.newCDPSession(page);
	const touch = (type, at) => cdp.send('Input.dispatchTouchEvent', { type, touchPoints: at === null ? [] : [{ x, y: y(at) }] });
	await touch('touchStart', 0.95);
	for (let i = 1; i <= 15; i++) {
		await touch('touchMove', 0.95 - 0.05 * i);
		await page.waitForTimeout(16);
	}
	await touch('touchEnd', null);
	check('handset: a swipe changes the picture', await changes(page, before));
	check('handset: a swipe does not move the page', await page.evaluate(() => scrollY === 0 && visualViewport.scale === 1));
	await rest(page);
	await page.screenshot({ path: picture('handset-after') });

	await page.click('#close');
	await page.locator('#packages').waitFor();
	check(`handset: no errors in the page${errors.length ? `: ${errors.join('; ')}` : ''}`, errors.length === 0);
	await context.close();
}

async function onDesktop(browser) {
	const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, colorScheme: 'dark' });
	const page = await context.newPage();
	await page.goto(base);
	await signIn(page);
	const before = await openPhone(page, wanted);
	check(`desktop: the phone is on the canvas (${before.colours} colours)`, before.colours > 8);

	// Which of these the phone answers depends on what it shows now.
	const box = await page.locator('#screen').boundingBox();
	const at = share => [box.x + box.width / 2, box.y + box.height * share];
	const drag = async (from, to) => {
		await page.mouse.move(...at(from));
		await page.mouse.down();
		await page.mouse.move(...at(to), { steps: 12 });
		await page.mouse.up();
	};
	let answered = false;
	for (const gesture of [() => drag(0.95, 0.2), () => drag(0.05, 0.8), () => page.keyboard.press('1'), () => page.mouse.click(...at(0.5))]) {
		const still = await rest(page);
		await gesture();
		if ((answered = await changes(page, still, 10000)))
			break;
	}
	check('desktop: the mouse or a key changes the picture', answered);
	await rest(page);
	await page.screenshot({ path: picture('desktop') });

	const upright = await rest(page);
	await page.click('#rotate');
	check('desktop: the picture can be turned', await changes(page, upright));
	await page.screenshot({ path: picture('desktop-turned') });

	await page.reload();
	await openPhone(page, wanted);
	check('desktop: a reload keeps the sign-in', true);

	await page.click('#close');
	await page.click('#sign-out');
	await page.locator('#sign-in-form').waitFor();
	await page.reload();
	await page.locator('#sign-in-form').waitFor();
	check('desktop: signed out is signed out', true);
	await context.close();
}

await run(onHandset, onDesktop);
