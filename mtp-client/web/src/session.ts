// SPDX-License-Identifier: GPL-2.0-or-later
// What the page and the session with a phone say to each other. The session (engine.ts) decodes and draws, in a worker where
// the browser lets it draw there, so that nothing that the page does holds up the picture, nor the other way round.
import type { Counters, Mode, Rectangle, Touch, View, Word } from './core.js';

/** Who asks for a phone: what a worker cannot know. */
export interface Identity {
	model: string;
	touchPoints: number;
	/** Of the whole screen, in its pixels. */
	width: number;
	height: number;
}

/** The canvas in the window, and what the host is told of it. */
export interface Layout {
	/** In the screen's pixels. */
	width: number;
	height: number;
	/** Degrees clockwise. */
	rotation: number;
	background: string;
	dpi: number;
	mode: Mode;
}

/** A point of the canvas, in its own pixels. */
export interface Point {
	x: number;
	y: number;
}

export interface PointerInput extends Point {
	phase: Touch;
	id: number;
	mouse: boolean;
	/** It went down with its main button. */
	main: boolean;
	/** As MTP has them. */
	buttons: number;
}

export type Command =
	| { is: 'open'; session: number; packageId: string; identity: Identity; layout: Layout }
	| { is: 'close' }
	| { is: 'hurry' }
	| { is: 'layout'; layout: Layout }
	| { is: 'pointer'; pointer: PointerInput }
	| { is: 'wheel'; at: Point; pixels: number; zooms: boolean; buttons: number }
	| { is: 'key'; code: number; down: boolean }
	| { is: 'release' }
	| { is: 'pinch-zooms'; on: boolean }
	| { is: 'read'; id: number }
	| { is: 'count' };

/** The answer to 'read'; status as enum mtp_words_status, 0: these are the words. */
export interface Reading {
	id: number;
	status: number;
	words: Word[];
}

/** What the canvas shows now. */
export interface Drawn {
	view: View;
	/** Of the phone's picture. */
	picture: Omit<Rectangle, 'x' | 'y'>;
	zoom: number;
	updates: number;
	/** When the host saw what is shown, in its milliseconds. */
	asOf: number;
}

export type Happening =
	| { is: 'live' }
	| { is: 'lost'; message: string; trust: string | undefined }
	/** Not coming back. `signIn`: the account's time is over. */
	| { is: 'over'; message: string; signIn: boolean }
	| { is: 'drawn'; drawn: Drawn }
	| { is: 'received'; updates: number }
	| { is: 'words'; reading: Reading }
	| { is: 'counters'; counters: Counters; width: number; height: number };

/** What happened to which session: what an earlier one still had to say is nobody's. */
export interface News {
	session: number;
	happening: Happening;
}
