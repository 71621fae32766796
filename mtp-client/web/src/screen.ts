// SPDX-License-Identifier: GPL-2.0-or-later
// The canvas: the phone's picture, scaled and turned to fit, at the screen's own resolution.
import type { Core, View } from './core.js';

export class Screen {
	rotation = 0;
	private readonly picture = document.createElement('canvas'); // in the phone's own pixels
	private readonly observer: ResizeObserver;
	private view: View | undefined;
	private frame = 0;

	constructor(readonly canvas: HTMLCanvasElement, private readonly core: () => Core | undefined) {
		this.observer = new ResizeObserver(() => this.changed());
		this.observer.observe(canvas);
	}

	close(): void {
		this.observer.disconnect();
		cancelAnimationFrame(this.frame);
		this.frame = 0;
		this.canvas.width = this.canvas.width; // clears
	}

	rotate(): void {
		this.rotation = (this.rotation + 90) % 360;
		this.changed();
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
