// SPDX-License-Identifier: GPL-2.0-or-later
// What the stream costs right now, over the picture.
import type { Counters } from './core.js';
import type { Stream } from './stream.js';

const LOOK_MS = 1000;

export class Meter {
	private timer = 0;
	private before: Counters | undefined;
	private since = 0;

	constructor(private readonly place: HTMLElement, private readonly stream: () => Stream | undefined) {}

	get shown(): boolean { return !this.place.hidden; }

	/** Returns what it was asked for. */
	show(shown: boolean): boolean {
		this.place.hidden = !shown;
		clearInterval(this.timer);
		this.before = undefined;
		if (shown) {
			this.timer = window.setInterval(() => this.look(), LOOK_MS);
			this.look();
		}
		return shown;
	}

	private look(): void {
		const stream = this.stream();
		if (!stream)
			return;
		const now = stream.core.counters(), at = performance.now();
		const before = this.before ?? now, seconds = (at - this.since) / 1000;
		const rate = (a: number, b: number) => (this.before ? (a - b) / seconds : 0).toFixed(1);
		const lines = [`${stream.core.width}x${stream.core.height}`, `${rate(now.updates, before.updates)} updates/s`,
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
		stream.core.ping(); // the delay is that of the question before
		stream.flush();
	}
}
