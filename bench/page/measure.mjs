// SPDX-License-Identifier: GPL-2.0-or-later
// One line of figures of one thread (bench-page). The simulated host's clock is ours: UPDATE's time is when it drew. How long the
// page's thread is held up is asked by a message to itself, again and again: the longest that one took.
import { base, choose, run, signIn } from '../../tests/browser/page.mjs';

const SECONDS = Number(process.env.DURATION ?? 10);

async function measure(browser) {
	const page = await (await browser.newContext({ viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 })).newPage();
	await page.goto(base);
	await signIn(page);
	await choose(page, 'scroll');
	await page.locator('#screen[data-state=live][data-updates]').waitFor({ timeout: 60000 });
	await page.waitForTimeout(2000);
	const { thread, ages, held } = await page.evaluate(async seconds => {
		const canvas = document.getElementById('screen'), ages = [], held = [], { port1, port2 } = new MessageChannel();
		new MutationObserver(() => ages.push((Date.now() - Number(canvas.dataset.asOf)) % 2 ** 32))
			.observe(canvas, { attributeFilter: ['data-as-of'] });
		let last = performance.now();
		port1.onmessage = () => {
			const now = performance.now();
			held.push(now - last);
			last = now;
			setTimeout(() => port2.postMessage(0), 0);
		};
		port2.postMessage(0);
		await new Promise(done => setTimeout(done, seconds * 1000));
		return { thread: canvas.dataset.thread, ages, held };
	}, SECONDS);
	const percentile = (values, p) => values.sort((a, b) => a - b)[Math.ceil(values.length * p / 100) - 1];
	const age = p => (percentile(ages, p) + 2 ** 32) % 2 ** 32, ms = value => value.toFixed(1);
	console.log(`page thread=${thread} frames=${ages.length} age_p50_ms=${ms(age(50))} age_p95_ms=${ms(age(95))} ` +
		`held_p95_ms=${ms(percentile(held, 95))} held_longest_ms=${ms(percentile(held, 100))}`);
}

await run(measure);
