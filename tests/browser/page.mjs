// SPDX-License-Identifier: GPL-2.0-or-later
// What the browser tests share: the system under test from the environment, Chromium that trusts it, and looks at the
// canvas. QVMI_URL, QVMI_USER, QVMI_PASSWORD_FILE and QVMI_CA say where the broker is and who signs in.
import fs from 'node:fs';
import path from 'node:path';
import tls from 'node:tls';
import { createHash, X509Certificate } from 'node:crypto';
import { chromium } from 'playwright-core';

const { QVMI_URL: base, QVMI_USER: user, QVMI_PASSWORD_FILE: passwordFile, QVMI_CA: caFile } = process.env;
if (!base || !user || !passwordFile || !caFile) {
	console.error('set QVMI_URL, QVMI_USER, QVMI_PASSWORD_FILE and QVMI_CA');
	process.exit(2);
}
const password = fs.readFileSync(passwordFile, 'utf8').split('\n')[0];
const pictures = process.env.QVMI_SCREENSHOTS ?? 'build/browser';
fs.mkdirSync(pictures, { recursive: true });

// Where the page's session is to run: a worker, or the page itself as in a browser that knows no OffscreenCanvas.
const thread = process.env.QVMI_THREAD ?? 'worker';

export { base, password };
export const picture = name => path.join(pictures, `${name}.png`);

let failed = 0;
export function check(what, good) {
	console.log(`${good ? 'ok  ' : 'FAIL'} ${what}`);
	failed += !good;
}

// Chromium takes authorities from its user's store only. So the certificate is verified here, against the CA, and
// Chromium is told to accept that very key and no other.
function verifiedKey(url) {
	const { hostname: host, port } = new URL(url);
	return new Promise((done, fail) => {
		const socket = tls.connect({ host, port: port || 443, ca: fs.readFileSync(caFile),
			...(/[^\d.:[\]]/.test(host) ? { servername: host } : {}) }, () => {
			const key = new X509Certificate(socket.getPeerCertificate().raw).publicKey.export({ type: 'spki', format: 'der' });
			socket.end();
			done(createHash('sha256').update(key).digest('base64'));
		});
		socket.on('error', fail);
	});
}

// What the canvas shows: a hash of its pixels, and how many colours there are (sampled).
export const look = page => page.evaluate(() => {
	const canvas = document.getElementById('screen');
	// A worker may have its context: so it is copied.
	const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d');
	copy.drawImage(canvas, 0, 0);
	const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
	const colours = new Set();
	let hash = 0, bright = 0;
	for (let i = 0; i < data.length; i += 4 * 7) {
		const rgb = data[i] << 16 | data[i + 1] << 8 | data[i + 2];
		hash = Math.imul(hash, 31) + rgb | 0;
		bright += data[i] + data[i + 1] + data[i + 2] > 60;
		if (colours.size < 4096)
			colours.add(rgb);
	}
	return { hash, colours: colours.size, bright: bright / (data.length / 28), width: canvas.width, height: canvas.height };
});

/** Whether it comes true, however busy the machine is. */
export async function eventually(page, condition, timeout = 60000) {
	for (const end = Date.now() + timeout; Date.now() < end; await page.waitForTimeout(50))
		if (await condition())
			return true;
	return false;
}

export const changes = (page, before, timeout) =>
	eventually(page, async () => (await look(page)).hash !== before.hash, timeout);

// Until nothing has changed for `still` ms: what changes next is our own doing.
export async function rest(page, still = 700, timeout = 30000) {
	let last = await look(page), since = Date.now();
	for (const end = Date.now() + timeout; Date.now() < end && Date.now() - since < still;) {
		await page.waitForTimeout(100);
		const now = await look(page);
		if (now.hash !== last.hash)
			[last, since] = [now, Date.now()];
	}
	return last;
}

export async function signIn(page, word = password) {
	await page.locator('#sign-in-form').waitFor();
	await page.fill('#user', user);
	await page.fill('#password', word);
	await page.click('#sign-in-button');
}

export async function choose(page, wanted) {
	await page.locator('.tile').first().waitFor();
	await page.locator(wanted ? `.tile[data-package="${wanted}"]` : '.tile').first().click();
}

/** Opens the package, the first one if none is named, and waits until the picture has come to rest. */
export async function openPhone(page, wanted) {
	await choose(page, wanted);
	await page.locator('#screen[data-state=live][data-updates]').waitFor({ timeout: 60000 });
	if (await page.locator('#screen').getAttribute('data-thread') !== thread)
		check(`the session runs in the ${thread}`, false);
	return rest(page);
}

const launchOptions = async () => ({
	executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
	args: ['--no-sandbox', '--disable-gpu', `--ignore-certificate-errors-spki-list=${await verifiedKey(base)}`,
		...(process.env.CHROMIUM_ARGS ?? '').split(' ').filter(Boolean)],
});

async function runIn(browser, parts) {
	try {
		for (const part of parts)
			await part(browser);
	} catch (error) {
		check(String(error.message ?? error).split('\n').slice(0, 6).join(' '), false);
	} finally {
		await browser.close();
	}
	process.exit(failed ? 1 : 0);
}

const withoutOffscreen = context => context.addInitScript(() => { delete HTMLCanvasElement.prototype.transferControlToOffscreen; });

function onThread(browser) {
	const newContext = browser.newContext.bind(browser);
	if (thread === 'page')
		browser.newContext = async options => {
			const context = await newContext(options);
			await withoutOffscreen(context);
			return context;
		};
	return browser;
}

/** Runs the parts one after the other in one browser; ends the process. */
export const run = async (...parts) => runIn(onThread(await chromium.launch(await launchOptions())), parts);

/** The same with a user's profile in `folder`, as in no private window: some things Chromium does in none. */
export const runProfile = async (folder, ...parts) => runIn(await chromium.launchPersistentContext(folder, await launchOptions()), parts);
