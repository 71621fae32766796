// SPDX-License-Identifier: GPL-2.0-or-later
// The canvas: the phone's picture, scaled and turned to fit, at the screen's own resolution.
import { Mode, Scaling, type Core, type Terminal, type View } from './core.js';

export class Screen {
	rotation = 0;
	/** Two fingers zoom the view; else they are the phone's. */
	pinchZooms = false;
	private readonly picture = document.createElement('canvas'); // in the phone's own pixels
	private readonly observer: ResizeObserver;
	private view: View | undefined;
	private frame = 0;
	private told = ''; // the terminal, as the host knows it
	private toldTimer = 0;

	/** `tell`: the host had best know terminal(). `drawn`: the picture may be somewhere else in the window. */
	constructor(readonly canvas: HTMLCanvasElement, private readonly core: () => Core | undefined, private readonly tell: () => void,
		private readonly drawn: () => void) {
		this.observer = new ResizeObserver(() => {
			this.changed();
			this.tellSoon();
		});
		this.observer.observe(canvas);
	}

	close(): void {
		this.observer.disconnect();
		clearTimeout(this.toldTimer);
		cancelAnimationFrame(this.frame);
		this.frame = 0;
		this.canvas.width = this.canvas.width; // clears
	}

	rotate(): void {
		this.rotation = (this.rotation + 90) % 360;
		this.core()?.zoomReset();
		this.changed();
		this.tellSoon();
	}

	/** The size in which the picture is shown: one that is enlarged needs the phone's own pixels. */
	terminal(): Terminal {
		const { canvas } = this;
		const pixels = (css: number) => Math.min(65535, Math.round(css * devicePixelRatio));
		const [width, height] = [pixels(canvas.clientWidth), pixels(canvas.clientHeight)];
		const upright = this.rotation % 180 === 0; // it is turned here, not by the host
		const zoomed = (this.core()?.zoom ?? 1) > 1;
		// On a handset the page is the screen, and 160 CSS pixels are about an inch; on a desktop 96 are.
		const handset = matchMedia('(pointer: coarse)').matches;
		return {
			width: upright ? width : height, height: upright ? height : width,
			dpi: Math.round((handset ? 160 : 96) * devicePixelRatio),
			scaling: zoomed ? Scaling.None : Scaling.Shrink,
			mode: handset || document.fullscreenElement ? Mode.Take : Mode.Keep,
		};
	}

	/** Tells the host, once the window rests and if there is news. `again`: it is another host. */
	tellSoon(again = false): void {
		if (again)
			this.told = JSON.stringify(this.terminal());
		clearTimeout(this.toldTimer);
		this.toldTimer = window.setTimeout(() => {
			const terminal = JSON.stringify(this.terminal());
			if (terminal !== this.told)
				this.tell();
			this.told = terminal;
		}, 250);
	}

	/** Something is to be drawn: with the browser's next frame. */
	changed(): void {
		this.frame ||= requestAnimationFrame(() => {
			this.frame = 0;
			this.draw();
		});
	}

	/** The point of the canvas, in its own pixels, under a pointer. */
	point(event: { clientX: number; clientY: number }): { x: number; y: number } {
		const box = this.canvas.getBoundingClientRect();
		return {
			x: (event.clientX - box.left) * this.canvas.width / (box.width || 1),
			y: (event.clientY - box.top) * this.canvas.height / (box.height || 1),
		};
	}

	/** The CSS transform from the picture's pixels to the canvas's box. */
	placement(): string {
		if (!this.view)
			return '';
		const { x, y, width, height, scale } = this.view, css = 1 / devicePixelRatio;
		return `translate(${(x + width / 2) * css}px, ${(y + height / 2) * css}px) rotate(${this.rotation}deg) scale(${scale * css}) ` +
			`translate(${-this.picture.width / 2}px, ${-this.picture.height / 2}px)`;
	}

	private draw(): void {
		const core = this.core();
		if (!core)
			return;
		this.copyDamage(core);

		const { canvas } = this;
		const width = Math.round(canvas.clientWidth * devicePixelRatio);
		const height = Math.round(canvas.clientHeight * devicePixelRatio);
		if (canvas.width !== width || canvas.height !== height)
			Object.assign(canvas, { width, height });
		this.view = core.fit(width, height, this.rotation);

		const context = canvas.getContext('2d', { alpha: false })!;
		const { x, y, width: w, height: h, scale } = this.view;
		context.setTransform(1, 0, 0, 1, 0, 0);
		context.fillStyle = getComputedStyle(canvas).backgroundColor;
		context.fillRect(0, 0, width, height);
		if (!this.picture.width || !scale)
			return;
		context.translate(x + w / 2, y + h / 2);
		context.rotate(this.rotation * Math.PI / 180);
		context.scale(scale, scale);
		context.imageSmoothingEnabled = scale !== Math.round(scale);
		context.imageSmoothingQuality = 'high';
		context.drawImage(this.picture, -this.picture.width / 2, -this.picture.height / 2);
		// What a test waits for, and a person in the developer tools reads.
		canvas.dataset.updates = String(core.updates);
		canvas.dataset.zoom = core.zoom.toFixed(2);
		this.drawn();
	}

	private copyDamage(core: Core): void {
		const damage = core.damage(), { width, height } = core;
		if (!damage.width || !core.complete)
			return;
		if (this.picture.width !== width || this.picture.height !== height)
			Object.assign(this.picture, { width, height });
		this.picture.getContext('2d', { alpha: false })!
			.putImageData(core.picture(), 0, 0, damage.x, damage.y, damage.width, damage.height);
		core.shown();
	}
}
