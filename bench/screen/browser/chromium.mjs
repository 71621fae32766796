// SPDX-License-Identifier: GPL-2.0-or-later
// A headless Chromium, driven by its DevTools protocol over two pipes (--remote-debugging-pipe: descriptors 3 and 4, messages
// end with a zero byte).
import { spawn } from 'node:child_process';

export class Chromium {
	#process;
	#next = 1;
	#waiting = new Map();
	#heard = [];

	// `options`: more of the command line.
	constructor(profile, options) {
		this.#process = spawn('chromium', ['--headless', '--no-sandbox', '--disable-gpu', '--hide-scrollbars', '--no-first-run',
			'--force-color-profile=srgb', '--run-all-compositor-stages-before-draw', '--disable-checker-imaging',
			'--allow-file-access-from-files', '--remote-debugging-pipe', `--user-data-dir=${profile}`,
			...options, 'about:blank'],
		{ stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
		this.#process.stdio[4].on('data', bytes => this.#hear(bytes));
		this.#process.on('exit', () => {
			for (const { reject } of this.#waiting.values())
				reject(new Error('Chromium has ended'));
		});
		this.#process.on('error', error => { throw error; });
	}

	#hear(bytes) {
		for (let end; (end = bytes.indexOf(0)) >= 0; bytes = bytes.subarray(end + 1)) {
			const answer = JSON.parse(Buffer.concat([...this.#heard, bytes.subarray(0, end)]).toString());
			this.#heard = [];
			const waiting = this.#waiting.get(answer.id);
			this.#waiting.delete(answer.id);
			if (answer.error)
				waiting?.reject(new Error(answer.error.message));
			else
				waiting?.resolve(answer.result);
		}
		this.#heard.push(bytes);
	}

	call(method, params = {}, sessionId = undefined) {
		const id = this.#next++;
		this.#process.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
		return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
	}

	// A page of so many pixels, `scale` of them a CSS pixel.
	async open(url, width, height, scale) {
		const { targetId } = await this.call('Target.createTarget', { url: 'about:blank' });
		const { sessionId } = await this.call('Target.attachToTarget', { targetId, flatten: true });
		const page = new Page(this, sessionId);
		await page.call('Emulation.setDeviceMetricsOverride',
			{ width: Math.ceil(width / scale), height: Math.ceil(height / scale), deviceScaleFactor: scale, mobile: false });
		await page.call('Page.navigate', { url });
		while (!await page.evaluate(`document.readyState === 'complete' && location.href !== 'about:blank'`));
		return page;
	}

	async close() {
		const ended = new Promise(resolve => this.#process.on('exit', resolve));
		this.call('Browser.close').catch(() => {});
		await ended;
	}
}

class Page {
	#browser;
	#session;

	constructor(browser, session) {
		this.#browser = browser;
		this.#session = session;
	}

	call(method, params) {
		return this.#browser.call(method, params, this.#session);
	}

	async evaluate(expression) {
		const { result, exceptionDetails } = await this.call('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
		if (exceptionDetails)
			throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
		return result.value;
	}

	// A PNG of what the page shows now.
	async screenshot() {
		const { data } = await this.call('Page.captureScreenshot', { format: 'png', optimizeForSpeed: true });
		return Buffer.from(data, 'base64');
	}
}
