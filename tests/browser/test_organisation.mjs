// SPDX-License-Identifier: GPL-2.0-or-later
// The page, left for another company's provider and come back from there: QVMI_ORGANISATION's QVMI_USER, by password.
import { base, check, password, picture, runProfile } from './page.mjs';

const { QVMI_USER: user, QVMI_ORGANISATION: organisation, QVMI_PROFILE: profile } = process.env;

await runProfile(profile, async context => {
	const page = await context.newPage();
	await page.goto(base);
	await page.locator('#organisation-button').waitFor({ timeout: 60000 });
	await page.locator('#organisation-button').click();
	await page.locator('#sign-in-message', { hasText: 'alice@company.example' }).waitFor({ timeout: 60000 });
	check('without a name it says what to type', true);
	await page.locator('#user').fill(`${user}@unknown.test`);
	await page.locator('#organisation-button').click();
	await page.locator('#sign-in-message', { hasText: 'obody vouches' }).waitFor({ timeout: 60000 });
	check('an unknown organisation is told', true);
	await page.locator('#user').fill(`${user}@${organisation}`);
	await page.locator('#organisation-button').click();
	await page.waitForURL(url => !url.href.startsWith(base), { timeout: 60000 });
	await page.locator('h1', { hasText: 'The Company' }).waitFor({ timeout: 60000 });
	check('the page is the company\'s', true);
	await page.screenshot({ path: picture('organisation') });
	await page.locator('input[name=user]').fill(user);
	await page.locator('input[name=password]').fill('wrong');
	await page.locator('button').click();
	await page.locator('.complaint', { hasText: 'Wrong' }).waitFor({ timeout: 60000 });
	check('a wrong password is told there', true);
	await page.locator('input[name=user]').fill(user);
	await page.locator('input[name=password]').fill(password);
	await page.locator('button').click();
	await page.locator('#packages').waitFor({ timeout: 60000 });
	check('back here she is in', await page.locator('#who').textContent() === `${user}@${organisation}`);
	check('and the code is not in the address', !page.url().includes('sign-in'));
	await page.reload();
	await page.locator('#packages').waitFor({ timeout: 60000 });
	check('and stays in', await page.locator('#who').textContent() === `${user}@${organisation}`);
	await page.goto(`${base}/#sign-in-refused`);
	await page.reload();
	await page.locator('#sign-in-message', { hasText: 'did not vouch' }).waitFor({ timeout: 60000 });
	check('what was refused is told', true);
});
