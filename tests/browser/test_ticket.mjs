// SPDX-License-Identifier: GPL-2.0-or-later
// The page with a Kerberos ticket: Chromium sends it by itself (CHROMIUM_ARGS allow it for this broker), as QVMI_TICKET's owner; in
// a profile (QVMI_PROFILE), as it sends none from a private window.
import { base, check, eventually, picture, runProfile } from './page.mjs';

const owner = process.env.QVMI_TICKET;

await runProfile(process.env.QVMI_PROFILE, async context => {
	const page = await context.newPage();
	await page.goto(base);
	const button = page.locator('#ticket-button'), packages = page.locator('#packages');
	await button.waitFor();
	check('the click signs in', await eventually(page, async () => {
		await button.click({ timeout: 1000 }).catch(() => undefined);
		return packages.waitFor({ timeout: 3000 }).then(() => true, () => false);
	}));
	check(`${owner} is in without a password`, await page.locator('#who').textContent() === owner);
	check('with the package of the group', await page.locator('.tile').count() === 1);
	await page.screenshot({ path: picture('ticket') });
	await context.clearCookies();
	await page.reload();
	await page.locator('#packages').waitFor({ timeout: 60000 });
	check('the next time nobody has to click', await page.locator('#who').textContent() === owner);
	await page.locator('#sign-out').click();
	await page.locator('#sign-in').waitFor({ timeout: 60000 });
	await page.reload();
	await page.locator('#sign-in').waitFor({ timeout: 60000 });
	check('who has signed out stays out', await page.locator('#packages').isHidden());
});
