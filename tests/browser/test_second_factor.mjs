// SPDX-License-Identifier: GPL-2.0-or-later
// The page asks for a second factor: enrols one with what oathtool makes of the key that it shows, and then asks for the next code.
import { execFileSync } from 'node:child_process';
import { base, check, picture, run, signIn } from './page.mjs';

/** The code of now; `later` the next one, which a clock that is behind accepts, too. */
function code(key, later = 0) {
	const now = new Date(Date.now() + later * 30000).toISOString().replace('T', ' ').replace(/\..*/, ' UTC');
	return execFileSync('oathtool', ['--totp', '-b', key, '--now', now], { encoding: 'utf8' }).trim();
}

await run(async browser => {
	const page = await (await browser.newContext()).newPage();
	const message = page.locator('#factor-message'), entry = page.locator('#factor-code');
	await page.goto(base);
	await signIn(page);
	await page.locator('#factor-qr svg').waitFor();
	check('the QR code is drawn', (await page.locator('#factor-qr path').getAttribute('d')).length > 500);
	await page.screenshot({ path: picture('second-factor') });
	const key = (await page.locator('#factor-key').textContent()).replaceAll(' ', '');
	await entry.fill('000000');
	await entry.press('Enter');
	await message.filter({ hasText: /not the code/ }).waitFor();
	check('a wrong code is said to be', await entry.inputValue() === '');
	await entry.fill(code(key));
	await entry.press('Enter');
	await page.locator('#factor-list', { hasText: /-/ }).waitFor();
	const recovery = (await page.locator('#factor-list').textContent()).trim().split('\n');
	check('recovery codes are shown', recovery.length === 10);
	await page.click('#factor-kept');
	await page.locator('#packages').waitFor();
	check('and the packages after them', await page.locator('#factor-list').textContent() === '');
	await page.click('#sign-out');
	await signIn(page);
	await entry.waitFor();
	check('the next sign-in shows no key', await page.locator('#factor-enrol').isHidden());
	await entry.fill(code(key, 1));
	await entry.press('Enter');
	await page.locator('#packages').waitFor();
	check('and takes the next code', true);
	await page.click('#sign-out');
	await signIn(page);
	await page.click('#factor-cancel');
	await page.locator('#sign-in-form').waitFor();
	check('one can sign in as somebody else', await page.locator('#second-factor').isHidden());
	await signIn(page);
	await entry.fill(recovery[0]);
	await entry.press('Enter');
	await page.locator('#packages').waitFor();
	check('a recovery code does as well', true);
});
