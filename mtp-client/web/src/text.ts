// SPDX-License-Identifier: GPL-2.0-or-later
// What is written on the phone, as the host reads it, over the picture: unseen words in their places, which the browser
// selects, copies, finds and reads aloud as it does on any page; or large, as lines below each other.
import type { Word } from './core.js';
import type { Reading } from './session.js';

/** The picture has rested this long: what was read may not be there any more. */
const REST_MS = 700;

export class Text {
	private id = 0; // of the last question
	private asked = 0; // updates when it was put
	private updates = 0; // that have come
	private timer = 0;

	/** `panel` holds `words` and `status`. `placement`: from the picture's pixels to the window. */
	constructor(private readonly panel: HTMLElement, private readonly words: HTMLElement, private readonly status: HTMLElement,
		private readonly placement: () => string, private readonly read: (id: number) => void) {}

	get shown(): boolean { return !this.panel.hidden; }

	show(shown: boolean): boolean {
		clearTimeout(this.timer);
		this.panel.hidden = !shown;
		this.words.replaceChildren();
		if (shown) {
			this.status.textContent = 'Reading …';
			this.ask();
		}
		return shown;
	}

	/** Lines below each other, in large letters; else words in their places. */
	large(large: boolean): void { this.panel.classList.toggle('large', large); }

	get all(): string {
		return [...this.words.children].map(line => line.textContent!.trim()).join('\n');
	}

	/** Updates have come, so many in all. */
	received(updates: number): void {
		this.updates = updates;
		clearTimeout(this.timer);
		if (this.shown && updates !== this.asked)
			this.timer = window.setTimeout(() => this.again(), REST_MS);
	}

	/** The host has answered. */
	take({ id, status, words }: Reading): void {
		if (!this.shown || id !== this.id)
			return;
		this.status.textContent = ['', 'This host cannot read what is on the screen.', 'The host is busy; try again in a moment.'][status]
			?? 'The host could not read the screen.';
		if (!status)
			this.fill(words);
	}

	/** The picture is somewhere else in the window. */
	moved(): void {
		if (this.shown)
			this.words.style.transform = this.placement();
	}

	private ask(): void {
		this.asked = this.updates;
		this.read(this.id = this.id % 0xffffffff + 1);
	}

	/** Not under somebody's hands. */
	private again(): void {
		if (this.shown && (getSelection()?.isCollapsed ?? true))
			this.ask();
	}

	/** An element a line: what is copied has its lines, and its words beside each other. */
	private fill(words: Word[]): void {
		const lines: { element: HTMLElement; width: number }[] = [];
		for (let begin = 0, end; begin < words.length; begin = end) {
			end = words.findIndex((word, i) => i >= begin && word.endsLine) + 1 || words.length;
			lines.push(line(words.slice(begin, end)));
		}
		this.words.replaceChildren(...lines.map(({ element }) => element));
		if (!words.length)
			this.status.textContent = 'Nothing is written here.';
		this.moved();
		// All are measured before the first is changed: one layout.
		const widths = lines.map(({ element }) => element.offsetWidth);
		lines.forEach(({ element, width }, i) => {
			if (widths[i])
				element.style.transform = `scaleX(${width / widths[i]!})`;
		});
	}
}

function line(words: Word[]): { element: HTMLElement; width: number } {
	const element = document.createElement('div');
	const left = Math.min(...words.map(({ x }) => x)), top = Math.min(...words.map(({ y }) => y));
	const right = Math.max(...words.map(({ x, width }) => x + width));
	const height = Math.max(...words.map(word => word.y + word.height)) - top;
	element.textContent = `${words.map(({ text }) => text).join(' ')}\n`; // its end is copied with it
	Object.assign(element.style, { left: `${left}px`, top: `${top}px`, fontSize: `${height}px` });
	return { element, width: right - left };
}
