// SPDX-License-Identifier: GPL-2.0-or-later
// Pointer, fingers, wheel and keyboard over the canvas become MTP's input. A finger is a TOUCH where the phone has a
// touch screen, else the pointer with its left button; a mouse on a touch screen touches with its left button.
import { Pinch, Touch, type Core } from './core.js';
import { evdevCode } from './keys.js';
import type { Screen } from './screen.js';

const WHEEL_NOTCH = 100; // pixels that one notch scrolls, as most browsers have it

/** PointerEvent.buttons has the right button second, MTP the middle one. */
function mtpButtons(buttons: number): number {
	return buttons & 1 | (buttons & 4) >> 1 | (buttons & 2) << 1;
}

export class Input {
	private readonly listening = new AbortController();
	private readonly fingers = new Map<number, number>(); // pointerId -> slot
	private readonly keys = new Set<number>();
	private wheel = 0;
	private last = { x: 0, y: 0 };

	/** `send` is called after each event: it should leave at once. */
	constructor(private readonly screen: Screen, private readonly core: () => Core | undefined, private readonly send: () => void) {
		const { canvas } = screen, { signal } = this.listening;
		const on = <E extends Event>(target: EventTarget, type: string, listener: (event: E) => void) =>
			target.addEventListener(type, listener as EventListener, { signal, passive: false });

		on<PointerEvent>(canvas, 'pointerdown', event => this.pointer(event, Touch.Down));
		on<PointerEvent>(canvas, 'pointermove', event => this.pointer(event, Touch.Move));
		on<PointerEvent>(canvas, 'pointerup', event => this.pointer(event, Touch.Up));
		on<PointerEvent>(canvas, 'pointercancel', event => this.pointer(event, Touch.Cancel));
		on<WheelEvent>(canvas, 'wheel', event => this.scroll(event));
		on<Event>(canvas, 'contextmenu', event => event.preventDefault());
		on<KeyboardEvent>(window, 'keydown', event => this.key(event, true));
		on<KeyboardEvent>(window, 'keyup', event => this.key(event, false));
		on<Event>(window, 'blur', () => this.release());
		on<Event>(document, 'visibilitychange', () => this.release());
	}

	close(): void {
		this.release();
		this.listening.abort();
	}

	/** A new connection: the phone holds nothing any more. */
	reset(): void {
		this.keys.clear();
		this.fingers.clear();
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
		this.send();
	}

	private pointer(event: PointerEvent, phase: Touch): void {
		const core = this.core();
		if (!core)
			return;
		event.preventDefault();
		const point = this.screen.point(event), at = core.toPhone(point.x, point.y);
		this.last = at;
		if (phase === Touch.Down) {
			this.screen.canvas.focus({ preventScroll: true });
			// Not all pointers can be captured (a made-up one cannot); the events come all the same.
			try { this.screen.canvas.setPointerCapture(event.pointerId); } catch { /* see above */ }
		}
		if (event.pointerType === 'mouse' && !core.touchPoints)
			core.pointer(at.x, at.y, mtpButtons(event.buttons), 0);
		else
			this.finger(core, event, phase, at);
		this.send();
	}

	private finger(core: Core, event: PointerEvent, phase: Touch, at: { x: number; y: number; inside: boolean }): void {
		let slot = this.fingers.get(event.pointerId);
		if (phase === Touch.Down && slot === undefined) {
			if (!at.inside || event.button !== 0)
				return;
			const taken = new Set(this.fingers.values());
			for (slot = 0; taken.has(slot); slot++)
				;
			this.fingers.set(event.pointerId, slot);
		}
		if (slot === undefined)
			return;
		const up = phase === Touch.Up || phase === Touch.Cancel;
		if (up)
			this.fingers.delete(event.pointerId);
		if (this.screen.pinchZooms && this.pinched(core, slot, !up, event))
			return;
		if (core.touchPoints)
			core.touch(phase, slot, at.x, at.y);
		else if (slot === 0)
			core.pointer(at.x, at.y, up ? 0 : 1, 0);
	}

	/** True: the finger is not the phone's, it zooms. */
	private pinched(core: Core, slot: number, down: boolean, event: PointerEvent): boolean {
		const { x, y } = this.screen.point(event), result = core.finger(slot, down, x, y);
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

	private zoomed(): void {
		this.screen.changed();
		this.screen.tellSoon();
	}

	private scroll(event: WheelEvent): void {
		const core = this.core();
		if (!core)
			return;
		event.preventDefault();
		const point = this.screen.point(event), at = core.toPhone(point.x, point.y);
		if (event.ctrlKey) { // as two fingers on a touch pad come, too
			core.zoomBy(Math.exp(-event.deltaY / 300), point.x, point.y);
			return this.zoomed();
		}
		const pixels = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? event.deltaY * 33 : event.deltaY;
		this.wheel -= pixels / WHEEL_NOTCH;
		const notches = Math.max(-127, Math.min(127, Math.trunc(this.wheel)));
		this.wheel -= Math.trunc(this.wheel);
		if (notches)
			core.pointer(at.x, at.y, mtpButtons(event.buttons), notches);
		this.send();
	}

	private key(event: KeyboardEvent, down: boolean): void {
		const code = evdevCode(event.code), core = this.core();
		// The page's own buttons and links keep the keyboard while they have it.
		if (!code || !core || event.target !== this.screen.canvas && event.target !== document.body)
			return;
		event.preventDefault();
		if (event.repeat || down === this.keys.has(code))
			return; // the phone repeats by itself
		if (down)
			this.keys.add(code);
		else
			this.keys.delete(code);
		core.key(code, down);
		this.send();
	}
}
