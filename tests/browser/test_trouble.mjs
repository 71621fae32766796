// SPDX-License-Identifier: GPL-2.0-or-later
// The browser client on the simulated host (simulated-host.mjs), which can misbehave on demand: each time the user
// must be told what to do. Environment as in page.mjs.
import { base, changes, check, choose, look, openPhone, picture, rest, run, signIn } from './page.mjs';

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
		await page.locator('#packages-message', { hasText: text }).waitFor({ timeout: 15000 });
		check(`${name}: said in words, back at the packages`, await page.locator('#packages').isVisible());
	}
	// The instance that trapped is gone; a new one works.
	await openPhone(page, 'phone');
	check('after all that a phone still opens', (await look(page)).colours > 8);
	await page.click('#close');

	await choose(page, 'stranger');
	await page.locator('#trust-link').waitFor({ timeout: 15000 });
	check('a host that the browser does not trust: there is a link to it',
		/^https:\/\/127\.0\.0\.1:\d+\/$/.test(await page.locator('#trust-link').getAttribute('href')));
	await page.screenshot({ path: picture('trust') });
	await page.context().close();
}

async function comesBack(browser) {
	const page = await (await browser.newContext({ viewport: { width: 800, height: 600 } })).newPage();
	await page.goto(base);
	await signIn(page);
	await choose(page, 'cut');
	await page.locator('#notice-text', { hasText: /connection was lost.*Trying again/ }).waitFor({ timeout: 15000 });
	check('a cut connection is told', true);
	await page.locator('#screen[data-state=live]').waitFor({ timeout: 15000 });
	const before = await rest(page);
	await page.keyboard.press('k');
	check('... and comes back by itself', await changes(page, before));
	await page.context().close();
}

await run(inWords, comesBack);
