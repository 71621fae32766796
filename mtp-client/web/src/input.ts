// SPDX-License-Identifier: GPL-2.0-or-later
// Pointer, fingers, wheel and keyboard over the canvas, as the session is told of them.
import { Touch } from './core.js';
import { evdevCode } from './keys.js';
import type { Screen } from './screen.js';
import type { Command } from './session.js';

/** PointerEvent.buttons has the right button second, MTP the middle one. */
function mtpButtons(buttons: number): number {
	return buttons & 1 | (buttons & 4) >> 1 | (buttons & 2) << 1;
}

export class Input {
	private readonly listening = new AbortController();

	constructor(private readonly screen: Screen, private readonly send: (command: Command) => void) {
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
		on<Event>(window, 'blur', () => send({ is: 'release' }));
		on<Event>(document, 'visibilitychange', () => send({ is: 'release' }));
	}

	close(): void {
		this.send({ is: 'release' });
		this.listening.abort();
	}

	private pointer(event: PointerEvent, phase: Touch): void {
		const { canvas } = this.screen;
		event.preventDefault();
		if (phase === Touch.Down) {
			canvas.focus({ preventScroll: true });
			// Not all pointers can be captured (a made-up one cannot); the events come all the same.
			try { canvas.setPointerCapture(event.pointerId); } catch { /* see above */ }
		}
		this.send({ is: 'pointer', pointer: { ...this.screen.point(event), phase, id: event.pointerId, mouse: event.pointerType === 'mouse',
			main: event.button === 0, buttons: mtpButtons(event.buttons) } });
	}

	private scroll(event: WheelEvent): void {
		event.preventDefault();
		// With Ctrl two fingers on a touch pad come as well.
		const pixels = event.deltaMode === WheelEvent.DOM_DELTA_LINE && !event.ctrlKey ? event.deltaY * 33 : event.deltaY;
		this.send({ is: 'wheel', at: this.screen.point(event), pixels, zooms: event.ctrlKey, buttons: mtpButtons(event.buttons) });
	}

	private key(event: KeyboardEvent, down: boolean): void {
		const code = evdevCode(event.code);
		// The page's own buttons and links keep the keyboard while they have it.
		if (!code || event.target !== this.screen.canvas && event.target !== document.body)
			return;
		event.preventDefault();
		if (!event.repeat)
			this.send({ is: 'key', code, down });
	}
}
