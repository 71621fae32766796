// SPDX-License-Identifier: GPL-2.0-or-later
// The browser client on the simulated host (simulated-host.mjs), which can misbehave on demand: each time the user
// must be told what to do. Environment as in page.mjs.
import { base, changes, check, choose, eventually, look, openPhone, picture, rest, run, signIn } from './page.mjs';

async function inWords(browser) {
	const page = await (await browser.newContext({ viewport: { width: 390, height: 844 } })).newPage();
	await page.goto(base);
	await signIn(page);

	const messages = {
		'other-version': /another version of MTP.*7 to 9.*Reload/,
		'refused-grant': /refuses to let you in.*expired/,
		ended: /ended by an administrator/,
		hostile: /do not understand each other/,
		corrupt: /cannot be decoded/,
	};
	for (const [name, text] of Object.entries(messages)) {
		await choose(page, name);
		await page.locator('#packages-message', { hasText: text }).waitFor({ timeout: 60000 });
		check(`${name}: said in words, back at the packages`, await page.locator('#packages').isVisible());
	}
	// The instance that trapped is gone; a new one works.
	await openPhone(page, 'phone');
	check('after all that a phone still opens', (await look(page)).colours > 8);
	await page.click('#close');

	await choose(page, 'stranger');
	await page.locator('#trust-link').waitFor({ timeout: 60000 });
	check('a host that the browser does not trust: there is a link to it',
		/^https:\/\/127\.0\.0\.1:\d+\/$/.test(await page.locator('#trust-link').getAttribute('href')));
	await page.screenshot({ path: picture('trust') });
	await page.context().close();
}

// A notice may be there for half a second only: all that were there are kept.
const keepNotices = page => page.addInitScript(() => {
	window.notices = [];
	document.addEventListener('DOMContentLoaded', () => {
		const text = document.getElementById('notice-text');
		new MutationObserver(() => window.notices.push(text.textContent)).observe(text, { childList: true });
	});
});

async function comesBack(browser) {
	const page = await (await browser.newContext({ viewport: { width: 800, height: 600 } })).newPage();
	await keepNotices(page);
	await page.goto(base);
	await signIn(page);
	await choose(page, 'cut');
	check('a cut connection is told', await eventually(page, () =>
		page.evaluate(() => window.notices.some(text => /connection was lost.*Trying again/.test(text)))));
	await page.locator('#screen[data-state=live]').waitFor({ timeout: 60000 });
	const before = await rest(page);
	await page.keyboard.press('k');
	check('... and comes back by itself', await changes(page, before));
	check('... by its token and key', await page.evaluate(async () => (await (await fetch('/v1/resumed')).json()).resumed) === 1);
	await page.context().close();
}

// Left before the broker has answered: nothing stays connected behind the page.
async function leftWhileOpening(browser) {
	const page = await (await browser.newContext({ viewport: { width: 800, height: 600 } })).newPage();
	let answer;
	const heard = () => page.evaluate(async () => (await fetch('/v1/heard')).json());
	await page.route('**/v1/sessions', async route => {
		await new Promise(done => { answer = done; });
		await route.continue();
	});
	await page.goto(base);
	await signIn(page);
	await page.locator('.tile').first().waitFor();
	await choose(page, 'phone');
	await eventually(page, () => answer);
	await page.click('#close');
	await page.locator('#packages').waitFor();
	answer();
	check('left while it opens: the packages stay', await page.locator('#packages').isVisible());
	// Once the next one is there, the first would be as well.
	await page.unroute('**/v1/sessions');
	await openPhone(page, 'phone');
	check('... and the connection that comes is closed', await eventually(page, async () => (await heard()).viewers === 1));
	await page.context().close();
}

await run(inWords, comesBack, leftWhileOpening);
