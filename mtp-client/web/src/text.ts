// SPDX-License-Identifier: GPL-2.0-or-later
// What is written on the phone, as the host reads it, over the picture: unseen words in their places, which the browser
// selects, copies, finds and reads aloud as it does on any page; or large, as lines below each other.
import type { Core, Word } from './core.js';
import type { Screen } from './screen.js';

/** The picture has rested this long: what was read may not be there any more. */
const REST_MS = 700;

export class Text {
	private id = 0; // of the last question
	private asked = 0; // updates when it was put
	private told = 0; // the last answer
	private timer = 0;

	/** `panel` holds `words` and `status`. `send` takes what the core has for the host. */
	constructor(private readonly panel: HTMLElement, private readonly words: HTMLElement, private readonly status: HTMLElement,
		private readonly screen: () => Screen | undefined, private readonly core: () => Core | undefined,
		private readonly send: () => void) {}

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

	/** Something has come from the host. */
	received(): void {
		const core = this.core();
		if (!this.shown || !core)
			return;
		const answer = core.words();
		if (answer?.id === this.id && this.told !== this.id) {
			this.told = this.id;
			this.status.textContent = ['', 'This host cannot read what is on the screen.', 'The host is busy; try again in a moment.'][answer.status]
				?? 'The host could not read the screen.';
			if (!answer.status)
				this.fill(answer.words);
		}
		clearTimeout(this.timer);
		if (core.updates !== this.asked)
			this.timer = window.setTimeout(() => this.again(), REST_MS);
	}

	/** The picture is somewhere else in the window. */
	moved(): void {
		if (this.shown && this.screen())
			this.words.style.transform = this.screen()!.placement();
	}

	private ask(): void {
		const core = this.core();
		if (!core)
			return;
		this.asked = core.updates;
		core.read(this.id = this.id % 0xffffffff + 1);
		this.send();
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
