// SPDX-License-Identifier: GPL-2.0-or-later
// The canvas in the window: how large it is, what the host is told of it, and where on it the picture is.
import { Mode } from './core.js';
import type { Drawn, Layout, Point } from './session.js';

export class Screen {
	private rotation = 0;
	private drawn: Drawn | undefined;

	/** `placed`: layout() is another one. `moved`: placement() is. */
	constructor(readonly canvas: HTMLCanvasElement, private readonly placed: (layout: Layout) => void, private readonly moved: () => void) {
		new ResizeObserver(() => this.placed(this.layout())).observe(canvas);
	}

	/** Upright, and nothing is shown. */
	reset(): void {
		this.rotation = 0;
		this.drawn = undefined;
		delete this.canvas.dataset.updates;
	}

	rotate(): void {
		this.rotation = (this.rotation + 90) % 360;
		this.placed(this.layout());
	}

	layout(): Layout {
		const { canvas, rotation } = this;
		// On a handset the page is the screen, and 160 CSS pixels are about an inch; on a desktop 96 are.
		const handset = matchMedia('(pointer: coarse)').matches;
		return {
			width: this.pixels(canvas.clientWidth), height: this.pixels(canvas.clientHeight), rotation,
			background: getComputedStyle(canvas).backgroundColor,
			dpi: Math.round((handset ? 160 : 96) * devicePixelRatio),
			mode: handset || document.fullscreenElement ? Mode.Take : Mode.Keep,
		};
	}

	private pixels(css: number): number {
		return Math.min(65535, Math.round(css * devicePixelRatio));
	}

	/** The picture has been drawn. */
	shown(drawn: Drawn): void {
		const { dataset } = this.canvas;
		this.drawn = drawn;
		// What a test waits for, and a person in the developer tools reads.
		dataset.zoom = drawn.zoom.toFixed(2);
		dataset.asOf = String(drawn.asOf);
		dataset.updates = String(drawn.updates);
		this.moved();
	}

	/** The point of the canvas, in its own pixels, under a pointer. */
	point(event: { clientX: number; clientY: number }): Point {
		const box = this.canvas.getBoundingClientRect(), width = this.pixels(this.canvas.clientWidth), height = this.pixels(this.canvas.clientHeight);
		return {
			x: (event.clientX - box.left) * width / (box.width || 1),
			y: (event.clientY - box.top) * height / (box.height || 1),
		};
	}

	/** The CSS transform from the picture's pixels to the canvas's box. */
	placement(): string {
		if (!this.drawn)
			return '';
		const { view: { x, y, width, height, scale }, picture } = this.drawn, css = 1 / devicePixelRatio;
		return `translate(${(x + width / 2) * css}px, ${(y + height / 2) * css}px) rotate(${this.rotation}deg) scale(${scale * css}) ` +
			`translate(${-picture.width / 2}px, ${-picture.height / 2}px)`;
	}
}
