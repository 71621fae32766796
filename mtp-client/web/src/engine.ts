// SPDX-License-Identifier: GPL-2.0-or-later
// A session with a phone: the stream, its picture on the canvas, and what the user does. Knows the page by messages only
// (session.ts), and so runs in a worker or beside it.
import { BrokerError } from './broker.js';
import { Scaling, type Terminal } from './core.js';
import { Hand } from './hand.js';
import { Painter, type Surface } from './painter.js';
import type { Command, Happening, Identity, Layout, News } from './session.js';
import { Stream } from './stream.js';

/** The window rests. */
const REST_MS = 250;

export class Engine {
	private stream: Stream | undefined;
	private layout: Layout | undefined;
	private session = 0; // what belongs to another one is nobody's
	private told = ''; // the terminal, as the host knows it
	private toldTimer = 0;
	private read = 0; // the last answer
	private readonly painter: Painter;
	private readonly hand: Hand;

	constructor(surface: Surface, private readonly report: (news: News) => void) {
		const core = () => this.stream?.core;
		this.painter = new Painter(surface, core, drawn => this.tell({ is: 'drawn', drawn }));
		this.hand = new Hand(core, () => {
			this.painter.changed();
			this.tellSoon();
		});
	}

	take(command: Command): void {
		switch (command.is) {
		case 'open':
			this.place(command.layout);
			return void this.open(command.session, command.packageId, command.identity);
		case 'close':
			return this.close();
		case 'hurry':
			return this.stream?.hurry();
		case 'layout':
			this.place(command.layout);
			return this.tellSoon();
		case 'pointer':
			this.hand.pointer(command.pointer);
			break;
		case 'wheel':
			this.hand.wheel(command.at, command.pixels, command.zooms, command.buttons);
			break;
		case 'key':
			this.hand.key(command.code, command.down);
			break;
		case 'release':
			this.hand.release();
			break;
		case 'pinch-zooms':
			this.pinchZooms(command.on);
			break;
		case 'read':
			this.stream?.core.read(command.id);
			break;
		case 'count':
			this.count();
			break;
		}
		this.stream?.flush();
	}

	private tell(happening: Happening): void {
		this.report({ session: this.session, happening });
	}

	private async open(session: number, packageId: string, identity: Identity): Promise<void> {
		const current = () => session === this.session;
		const tell = (happening: Happening) => current() && this.tell(happening);
		this.session = session;
		this.hand.reset();
		this.hand.pinchZooms = false;
		this.read = 0;
		try {
			const opened = await Stream.open(packageId, identity, {
				received: () => current() && this.received(),
				terminal: () => {
					const terminal = this.terminal();
					this.told = JSON.stringify(terminal);
					return terminal;
				},
				live: () => {
					if (!current())
						return;
					this.hand.reset();
					this.tellSoon();
					tell({ is: 'live' });
				},
				lost: (message, trust) => tell({ is: 'lost', message, trust }),
				over: (message, signIn) => tell({ is: 'over', message, signIn }),
			});
			if (current())
				this.stream = opened;
			else
				opened.close(); // the user has left in the meantime
		} catch (error) {
			tell({ is: 'over', message: (error as Error).message, signIn: error instanceof BrokerError && error.status === 401 });
		}
	}

	private close(): void {
		this.session = 0;
		this.hand.release();
		this.stream?.flush();
		clearTimeout(this.toldTimer);
		this.stream?.close();
		this.stream = undefined;
		this.painter.clear();
	}

	private place(layout: Layout): void {
		if (layout.rotation !== this.layout?.rotation)
			this.stream?.core.zoomReset();
		this.layout = layout;
		this.painter.place(layout);
	}

	private received(): void {
		const core = this.stream?.core;
		if (!core)
			return;
		this.painter.changed();
		const reading = core.words();
		if (reading && reading.id !== this.read) {
			this.read = reading.id;
			this.tell({ is: 'words', reading });
		}
		this.tell({ is: 'received', updates: core.updates });
	}

	private pinchZooms(on: boolean): void {
		this.hand.pinchZooms = on;
		if (!on)
			this.stream?.core.zoomReset();
		this.painter.changed();
		this.tellSoon();
	}

	private count(): void {
		const core = this.stream?.core;
		if (!core)
			return;
		this.tell({ is: 'counters', counters: core.counters(), width: core.width, height: core.height });
		core.ping(); // the delay is that of the question before
	}

	/** The size in which the picture is shown: one that is enlarged needs the phone's own pixels. */
	private terminal(): Terminal {
		const { width, height, dpi, mode, rotation } = this.layout!;
		const upright = rotation % 180 === 0; // it is turned here, not by the host
		const zoomed = (this.stream?.core.zoom ?? 1) > 1;
		return { width: upright ? width : height, height: upright ? height : width, dpi, mode, scaling: zoomed ? Scaling.None : Scaling.Shrink };
	}

	/** Tells the host, once the window rests and if there is news. */
	private tellSoon(): void {
		clearTimeout(this.toldTimer);
		this.toldTimer = setTimeout(() => {
			const terminal = JSON.stringify(this.terminal());
			if (terminal !== this.told) {
				this.stream?.core.terminal(this.terminal());
				this.stream?.flush();
			}
			this.told = terminal;
		}, REST_MS);
	}
}
