// SPDX-License-Identifier: GPL-2.0-or-later
// What the stream costs right now, over the picture.
import type { Counters } from './core.js';

const LOOK_MS = 1000;

export class Meter {
	private timer = 0;
	private before: Counters | undefined;
	private since = 0;

	/** `ask`: for what take() is to be given. */
	constructor(private readonly place: HTMLElement, private readonly ask: () => void) {}

	get shown(): boolean { return !this.place.hidden; }

	/** Returns what it was asked for. */
	show(shown: boolean): boolean {
		this.place.hidden = !shown;
		clearInterval(this.timer);
		this.before = undefined;
		if (shown) {
			this.timer = window.setInterval(this.ask, LOOK_MS);
			this.ask();
		}
		return shown;
	}

	take(now: Counters, width: number, height: number): void {
		const at = performance.now(), before = this.before ?? now, seconds = (at - this.since) / 1000;
		const rate = (a: number, b: number) => (this.before ? (a - b) / seconds : 0).toFixed(1);
		const lines = [`${width}x${height}`, `${rate(now.updates, before.updates)} updates/s`,
			`${rate(now.bytes / 1000, before.bytes / 1000)} kB/s`];
		if (now.delay)
			lines.push(`delay ${now.delay.toFixed(1)} ms`);
		const came = Object.entries(now.tiles).map(([name, n]) => [name, n - (before.tiles[name] ?? 0)] as const);
		const all = came.reduce((sum, [, n]) => sum + n, 0);
		for (const [name, n] of came)
			if (n)
				lines.push(`${name} ${Math.round(n * 100 / all)} %`);
		this.place.textContent = lines.join('\n');
		this.before = now;
		this.since = at;
	}
}
