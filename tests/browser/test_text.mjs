// SPDX-License-Identifier: GPL-2.0-or-later
// What is written on the phone: words over the picture that can be selected, copied and shown large.
import { base, check, eventually, openPhone, picture, run, signIn } from './page.mjs';

const lines = page => page.evaluate(() => [...document.querySelectorAll('#words > div')].map(line => line.textContent.trim()));
const selected = page => page.evaluate(() => {
	getSelection().selectAllChildren(document.getElementById('words'));
	return getSelection().toString();
});

async function onDesktop(browser) {
	const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, permissions: ['clipboard-read', 'clipboard-write'] });
	const page = await context.newPage();
	await page.goto(base);
	await signIn(page);
	await openPhone(page, 'phone');
	await page.click('#read');
	const expected = 'Slide up|Grün <b>&amp;';
	check('the words are there', await eventually(page, async () => (await lines(page)).join('|') === expected));
	check('what is written is text, never markup', await page.evaluate(() => !document.querySelector('#words b')));
	// Where the host said that it is: the picture has 360x720 pixels, fitted into the canvas.
	const [word, canvas] = [await page.locator('#words > div').first().boundingBox(), await page.locator('#screen').boundingBox()];
	const scale = Math.min(canvas.width / 360, canvas.height / 720);
	const x = canvas.x + canvas.width / 2 + (60 - 180) * scale, y = canvas.y + canvas.height / 2 + (540 - 360) * scale;
	check(`in their places (${Math.round(word.x - x)}, ${Math.round(word.y - y)} away)`, Math.abs(word.x - x) < 3 && Math.abs(word.y - y) < 3 &&
		Math.abs(word.width - 110 * scale) < 3);
	const text = await selected(page);
	check(`they can be selected (${JSON.stringify(text)})`, (await selected(page)).split(/\s*\n\s*/).filter(Boolean).join('|') === expected);
	await page.evaluate(() => getSelection().removeAllRanges());
	await page.click('#words-copy');
	check('all is copied', await eventually(page, async () =>
		await page.evaluate(() => navigator.clipboard.readText()) === expected.replace('|', '\n')));
	await page.click('#words-large');
	const size = await page.locator('#words > div').first().evaluate(line => parseFloat(getComputedStyle(line).fontSize));
	check('and shown large', size >= 30 && await page.locator('#words > div').first().isVisible());
	await page.screenshot({ path: picture('text') });
	await page.click('#words-large');
	await page.keyboard.press('Escape');
	check('Esc leads back to the phone', await page.locator('#text').isHidden());
	await context.close();
}

/** On a handset the words are over the picture too, and the buttons have room. */
async function onHandset(browser) {
	const context = await browser.newContext({ viewport: { width: 360, height: 740 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true });
	const page = await context.newPage();
	await page.goto(base);
	await signIn(page);
	await openPhone(page, 'phone');
	await page.tap('#read');
	check('a tap asks for them', await eventually(page, async () => (await lines(page)).length > 0));
	const over = await page.evaluate(() => document.querySelector('#phone nav').scrollWidth - innerWidth);
	check('the buttons fit', over <= 0);
	await page.screenshot({ path: picture('text-handset') });
	await page.tap('#read');
	check('and another leads back', await page.locator('#text').isHidden());
	await context.close();
}

await run(onDesktop, onHandset);
