// SPDX-License-Identifier: GPL-2.0-or-later
// The client core in WebAssembly (mtp-client/web/wasm/page.c), with types.
import { VideoStream, type Unit } from './video.js';

type Exports = Record<
	'page_buffer' | 'page_buffer_size' | 'page_init' | 'page_start' | 'page_feed' | 'page_waiting' | 'page_planes' |
	'page_decoded' | 'page_output' | 'page_output_size' |
	'page_output_sent' | 'page_state' | 'page_code' | 'page_reason' | 'page_complete' | 'page_touch_points' |
	'page_pixels' | 'page_damage' | 'page_width' | 'page_height' | 'page_as_of' | 'page_shown' | 'page_counter' | 'page_delay' |
	'page_tile_name' | 'page_terminal' | 'page_zoom' | 'page_zoom_by' | 'page_zoom_reset' | 'page_finger' | 'page_pointer' |
	'page_touch' | 'page_key' | 'page_refresh' | 'page_ping' | 'page_bye' | 'page_fit' | 'page_view' | 'page_to_phone' |
	'page_phone_x' | 'page_phone_y' | 'page_read' | 'page_words' | 'page_words_size' | 'page_words_id' | 'page_words_status', (...numbers: number[]) => number> & { memory: WebAssembly.Memory };

/** As enum mtp_session_state. */
export enum State { Idle, Greeting, Live, Ended }
/** As enum mtp_bye_code. */
export enum Bye { Normal, Version, Grant, Protocol, PhoneGone, Ended, Overloaded, Timeout }
export enum Touch { Down, Move, Up, Cancel }
/** As enum mtp_scaling. */
export enum Scaling { None, Shrink, Exact }
/** As enum mtp_mode. */
export enum Mode { Keep, Take }
/** As enum pinch_result: whose a finger is. */
export enum Pinch { Phone, Begin, Taken }

export interface Rectangle {
	x: number;
	y: number;
	width: number;
	height: number;
}

/** What the terminal is: the size in which the host had best send the picture. */
export interface Terminal {
	width: number;
	height: number;
	dpi: number;
	scaling: Scaling;
	mode: Mode;
}

/** What has come so far. */
export interface Counters {
	updates: number;
	bytes: number;
	/** Milliseconds there and back; 0: not known yet. */
	delay: number;
	tiles: Record<string, number>;
}

/** A word on the phone's screen, in the picture's pixels. */
export interface Word extends Rectangle {
	text: string;
	endsLine: boolean;
}

export interface View extends Rectangle {
	scale: number;
}

export class Core {
	private static module: Promise<WebAssembly.Module> | undefined;

	private readonly video = new VideoStream();
	private unit: Unit | undefined; // waits to be decoded
	private readonly wasm: Exports;

	private constructor(module: WebAssembly.Module) {
		const instance = new WebAssembly.Instance(module, {
			page: {
				clock: () => performance.now() * 1000,
				video: (at: number, size: number, key: number, width: number, height: number) => {
					this.unit = { bytes: new Uint8Array(this.memory, at, size).slice(), key: !!key, width, height };
				},
			},
		});
		this.wasm = instance.exports as unknown as Exports;
	}

	/** A new instance: after a trap the old one must not be used any more. */
	static async create(): Promise<Core> {
		Core.module ??= WebAssembly.compileStreaming(fetch('mtp.wasm'));
		const core = new Core(await Core.module), video = await VideoStream.isPossible();
		if (!core.wasm.page_init(+video))
			throw new Error('This browser has not enough memory for the phone\'s screen.');
		return core;
	}

	/** Begins a connection: HELLO is in the output. */
	start(grant: string, model: string, terminal: Terminal, touchPoints: number): boolean {
		this.video.close();
		const bytes = [grant, model].map(text => new TextEncoder().encode(text));
		const buffer = this.buffer();
		let at = 0;
		for (const text of bytes) {
			if (at + text.length + 1 > buffer.length)
				return false;
			buffer.set(text, at);
			buffer[at + text.length] = 0;
			at += text.length + 1;
		}
		const { width, height, dpi, scaling, mode } = terminal;
		return !!this.wasm.page_start(bytes[0]!.length, bytes[1]!.length, width, height, dpi, touchPoints, scaling, mode);
	}

	/** Bytes from the host, any number; not again before it is done. False: the session has ended; see code and reason. */
	async feed(bytes: Uint8Array): Promise<boolean> {
		const size = this.wasm.page_buffer_size();
		for (let at = 0; at < bytes.length; at += size) {
			const part = bytes.subarray(at, at + size);
			this.buffer().set(part);
			let alive = !!this.wasm.page_feed(part.length);
			while (alive && this.wasm.page_waiting())
				alive = !!this.wasm.page_decoded(+await this.decodeVideo());
			if (!alive)
				return false;
		}
		return true;
	}

	close(): void { this.video.close(); }

	/** Ended because the browser's decoder did not do what it said. */
	get videoFailed(): boolean { return this.video.failed; }

	private decodeVideo(): Promise<boolean> {
		const unit = this.unit!;
		return this.video.decode(unit,
			() => new Uint8Array(this.memory, this.wasm.page_planes(), unit.width * unit.height * 3 / 2));
	}

	/** Takes what is to be sent: a copy. */
	takeOutput(): Uint8Array<ArrayBuffer> {
		const n = this.wasm.page_output_size();
		const bytes = new Uint8Array(this.memory, this.wasm.page_output(), n).slice();
		this.wasm.page_output_sent(n);
		return bytes;
	}

	get state(): State { return this.wasm.page_state(); }
	get code(): Bye { return this.wasm.page_code(); }
	get complete(): boolean { return !!this.wasm.page_complete(); }
	get touchPoints(): number { return this.wasm.page_touch_points(); }
	get width(): number { return this.wasm.page_width(); }
	get height(): number { return this.wasm.page_height(); }
	/** When the host saw what the picture shows, in its milliseconds. */
	get asOf(): number { return this.wasm.page_as_of() >>> 0; }
	get updates(): number { return this.wasm.page_counter(0); }

	get reason(): string { return this.text(this.wasm.page_reason()); }

	counters(): Counters {
		const tiles: Record<string, number> = {};
		for (let kind = 0, name; (name = this.wasm.page_tile_name(kind)); kind++)
			tiles[this.text(name)] = this.wasm.page_counter(2 + kind);
		return { updates: this.updates, bytes: this.wasm.page_counter(1), delay: this.wasm.page_delay(), tiles };
	}

	/** The picture, not copied: valid until the next call that may need memory. */
	picture(): ImageData {
		const { width, height } = this;
		return new ImageData(new Uint8ClampedArray(this.memory, this.wasm.page_pixels(), width * height * 4), width, height);
	}

	/** What has changed since shown(); width 0: nothing. */
	damage(): Rectangle {
		const [x, y, width, height] = new Uint32Array(this.memory, this.wasm.page_damage(), 4);
		return { x: x!, y: y!, width: width!, height: height! };
	}

	shown(): void { this.wasm.page_shown(); }

	pointer(x: number, y: number, buttons: number, wheel: number): void { this.wasm.page_pointer(x, y, buttons, wheel); }
	touch(phase: Touch, slot: number, x: number, y: number): void { this.wasm.page_touch(phase, slot, x, y); }
	key(code: number, down: boolean): void { this.wasm.page_key(code, +down); }
	ping(): void { this.wasm.page_ping(); }
	bye(): void { this.wasm.page_bye(); }

	/** Asks what is written on the screen. */
	read(id: number): void { this.wasm.page_read(id); }

	/** The last answer to read(); status as enum mtp_words_status, 0: these are the words. */
	words(): { id: number; status: number; words: Word[] } | undefined {
		const at = this.wasm.page_words(), size = this.wasm.page_words_size(), words: Word[] = [];
		if (!at)
			return undefined;
		// The core has checked that these are words from end to end (mtp/words.h).
		const bytes = new DataView(this.memory, at, size), decoder = new TextDecoder();
		for (let i = 0; i < size;) {
			const text = decoder.decode(new Uint8Array(this.memory, at + i + 11, bytes.getUint16(i + 9)).slice());
			words.push({ text, endsLine: !!(bytes.getUint8(i) & 1), x: bytes.getUint16(i + 1), y: bytes.getUint16(i + 3),
				width: bytes.getUint16(i + 5), height: bytes.getUint16(i + 7) });
			i += 11 + bytes.getUint16(i + 9);
		}
		return { id: this.wasm.page_words_id() >>> 0, status: this.wasm.page_words_status(), words };
	}

	/** The terminal's window is another one. */
	terminal({ width, height, dpi, scaling, mode }: Terminal): void { this.wasm.page_terminal(width, height, dpi, scaling, mode); }

	/** 1: the whole picture. */
	get zoom(): number { return this.wasm.page_zoom(); }
	zoomBy(factor: number, x: number, y: number): void { this.wasm.page_zoom_by(factor, x, y); }
	zoomReset(): void { this.wasm.page_zoom_reset(); }
	/** A finger over the window: two of them zoom. */
	finger(slot: number, down: boolean, x: number, y: number): Pinch { return this.wasm.page_finger(slot, +down, x, y); }

	/** Fits the picture into a window of so many device pixels. */
	fit(width: number, height: number, rotation: number): View {
		this.wasm.page_fit(width, height, rotation);
		const [x, y, w, h, scale] = new Float64Array(this.memory, this.wasm.page_view(), 5);
		return { x: x!, y: y!, width: w!, height: h!, scale: scale! };
	}

	/** The phone's pixel under a point of the window; `inside`: not in the letterbox. */
	toPhone(x: number, y: number): { x: number; y: number; inside: boolean } {
		const inside = !!this.wasm.page_to_phone(x, y);
		return { x: this.wasm.page_phone_x(), y: this.wasm.page_phone_y(), inside };
	}

	private text(at: number): string {
		const bytes = new Uint8Array(this.memory, at, Math.min(257, this.memory.byteLength - at));
		return new TextDecoder().decode(bytes.slice(0, bytes.indexOf(0)));
	}

	private get memory(): ArrayBuffer { return this.wasm.memory.buffer; }
	private buffer(): Uint8Array {
		return new Uint8Array(this.memory, this.wasm.page_buffer(), this.wasm.page_buffer_size());
	}
}
