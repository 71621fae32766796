// SPDX-License-Identifier: GPL-2.0-or-later
// The phone's picture on the canvas, scaled and turned to fit, at the screen's own resolution.
import type { Core, View } from './core.js';
import type { Drawn, Layout } from './session.js';

/** A canvas in the window, or one that a worker has been given. */
export type Surface = HTMLCanvasElement | OffscreenCanvas;
type Context = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;

/** With the browser's next frame; a worker of some browsers has none. */
const nextFrame: (draw: () => void) => number =
	'requestAnimationFrame' in globalThis ? draw => requestAnimationFrame(draw) : draw => setTimeout(draw, 16);

function contextOf(surface: Surface): Context {
	return surface.getContext('2d', { alpha: false }) as Context;
}

export class Painter {
	private readonly picture: Surface; // in the phone's own pixels
	private waits = false;
	private layout: Layout | undefined;

	constructor(private readonly surface: Surface, private readonly core: () => Core | undefined, private readonly drawn: (drawn: Drawn) => void) {
		this.picture = 'OffscreenCanvas' in globalThis ? new OffscreenCanvas(1, 1) : document.createElement('canvas');
	}

	/** Nothing is shown any more. */
	clear(): void {
		this.surface.width = this.surface.width;
	}

	place(layout: Layout): void {
		this.layout = layout;
		this.changed();
	}

	/** Something is to be drawn. */
	changed(): void {
		if (this.waits)
			return;
		this.waits = true;
		nextFrame(() => {
			this.waits = false;
			this.draw();
		});
	}

	private draw(): void {
		const core = this.core(), { layout, surface, picture } = this;
		if (!core || !layout)
			return;
		this.copyDamage(core);
		const { width, height, rotation, background } = layout;
		if (surface.width !== width || surface.height !== height)
			Object.assign(surface, { width, height });
		const view = core.fit(width, height, rotation), context = contextOf(surface);
		context.setTransform(1, 0, 0, 1, 0, 0);
		context.fillStyle = background;
		context.fillRect(0, 0, width, height);
		if (!core.width || picture.width !== core.width || picture.height !== core.height || !view.scale)
			return;
		this.drawPicture(context, view, rotation);
		this.drawn({ view, picture: { width: picture.width, height: picture.height }, zoom: core.zoom, updates: core.updates, asOf: core.asOf });
	}

	private drawPicture(context: Context, { x, y, width, height, scale }: View, rotation: number): void {
		context.translate(x + width / 2, y + height / 2);
		context.rotate(rotation * Math.PI / 180);
		context.scale(scale, scale);
		context.imageSmoothingEnabled = scale !== Math.round(scale);
		context.imageSmoothingQuality = 'high';
		context.drawImage(this.picture, -this.picture.width / 2, -this.picture.height / 2);
	}

	private copyDamage(core: Core): void {
		const damage = core.damage(), { width, height } = core, { picture } = this;
		if (!damage.width || !core.complete)
			return;
		if (picture.width !== width || picture.height !== height)
			Object.assign(picture, { width, height });
		contextOf(picture).putImageData(core.picture(), 0, 0, damage.x, damage.y, damage.width, damage.height);
		core.shown();
	}
}
