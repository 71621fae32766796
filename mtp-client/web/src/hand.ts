// SPDX-License-Identifier: GPL-2.0-or-later
// Pointer, fingers, wheel and keys become MTP's input. A finger is a TOUCH where the phone has a touch screen, else the
// pointer with its left button; a mouse on a touch screen touches with its left button.
import { Pinch, Touch, type Core } from './core.js';
import type { Point, PointerInput } from './session.js';

const WHEEL_NOTCH = 100; // pixels that one notch scrolls, as most browsers have it

export class Hand {
	/** Two fingers zoom the view; else they are the phone's. */
	pinchZooms = false;
	private readonly fingers = new Map<number, number>(); // pointer -> slot
	private readonly keys = new Set<number>();
	private notches = 0;
	private last = { x: 0, y: 0 };

	/** `zoomed`: the view is another one. */
	constructor(private readonly core: () => Core | undefined, private readonly zoomed: () => void) {}

	/** A new connection: the phone holds nothing any more. */
	reset(): void {
		this.keys.clear();
		this.fingers.clear();
		this.notches = 0;
	}

	/** Lets go of everything. */
	release(): void {
		const core = this.core();
		for (const code of this.keys)
			core?.key(code, false);
		for (const slot of this.fingers.values())
			if (core?.touchPoints)
				core.touch(Touch.Cancel, slot, this.last.x, this.last.y);
			else if (slot === 0)
				core?.pointer(this.last.x, this.last.y, 0, 0);
		this.reset();
	}

	pointer(input: PointerInput): void {
		const core = this.core();
		if (!core)
			return;
		const at = this.last = core.toPhone(input.x, input.y);
		if (input.mouse && !core.touchPoints)
			core.pointer(at.x, at.y, input.buttons, 0);
		else
			this.finger(core, input, at);
	}

	private finger(core: Core, input: PointerInput, at: { x: number; y: number; inside: boolean }): void {
		let slot = this.fingers.get(input.id);
		if (input.phase === Touch.Down && slot === undefined) {
			if (!at.inside || !input.main)
				return;
			const taken = new Set(this.fingers.values());
			for (slot = 0; taken.has(slot); slot++)
				;
			this.fingers.set(input.id, slot);
		}
		if (slot === undefined)
			return;
		const up = input.phase === Touch.Up || input.phase === Touch.Cancel;
		if (up)
			this.fingers.delete(input.id);
		if (this.pinchZooms && this.pinched(core, slot, !up, input))
			return;
		if (core.touchPoints)
			core.touch(input.phase, slot, at.x, at.y);
		else if (slot === 0)
			core.pointer(at.x, at.y, up ? 0 : 1, 0);
	}

	/** True: the finger is not the phone's, it zooms. */
	private pinched(core: Core, slot: number, down: boolean, { x, y }: Point): boolean {
		const result = core.finger(slot, down, x, y);
		if (result === Pinch.Begin) {
			const fingers = new Map(this.fingers);
			this.release(); // what the first finger has begun
			for (const [id, finger] of fingers)
				this.fingers.set(id, finger);
		}
		if (result !== Pinch.Phone)
			this.zoomed();
		return result !== Pinch.Phone;
	}

	wheel({ x, y }: Point, pixels: number, zooms: boolean, buttons: number): void {
		const core = this.core();
		if (!core)
			return;
		if (zooms) {
			core.zoomBy(Math.exp(-pixels / 300), x, y);
			return this.zoomed();
		}
		const at = core.toPhone(x, y);
		this.notches -= pixels / WHEEL_NOTCH;
		const notches = Math.max(-127, Math.min(127, Math.trunc(this.notches)));
		this.notches -= Math.trunc(this.notches);
		if (notches)
			core.pointer(at.x, at.y, buttons, notches);
	}

	key(code: number, down: boolean): void {
		if (down === this.keys.has(code))
			return; // the phone repeats by itself
		if (down)
			this.keys.add(code);
		else
			this.keys.delete(code);
		this.core()?.key(code, down);
	}
}
