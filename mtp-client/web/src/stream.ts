// SPDX-License-Identifier: GPL-2.0-or-later
// The connection to the phone's host: WebSocket, the core's session on it, and connecting again by itself.
//
//   open -> live -> lost -> (wait, fresh grant) -> live ... -> over
import { BrokerError, openSession, renewSession, resumeSession, type Ticket } from './broker.js';
import { Bye, Core, State, type Terminal } from './core.js';
import type { Identity } from './session.js';

const PING_MS = 15_000;
const SILENCE_MS = 10_000; // after a PING: to pick a stream up again costs little
const PROBE_MS = 1000;
const CONNECT_MS = 15_000;
const RETRY_FIRST_MS = 100; // a phone that has moved is there already
const RETRY_MAX_MS = 30_000;
const RETRY_SOON_MS = 300; // at most, in the first minutes
const RETRY_SOON_FOR_MS = 120_000;
const SLOW_EACH = 4; // resumption: may take its time
/** Bytes the network has not taken: beyond, input waits in the core, which drops movements first. */
const QUEUE_MAX = 65536;

export interface StreamEvents {
	/** A picture or a part of one has been decoded. */
	received(): void;
	live(): void;
	/** What HELLO is to say. */
	terminal(): Terminal;
	/** Disconnected; a line for the user. `trust`: open this page and accept its certificate, then try again. */
	lost(message: string, trust?: string): void;
	/** Not coming back. `signIn`: the account's time is over. */
	over(message: string, signIn: boolean): void;
}

export class Stream {
	core: Core;
	private socket: WebSocket | undefined;
	private received: Promise<void> = Promise.resolve(); // what came has been dealt with
	private ticket: Ticket | undefined;
	private closed = false;
	private everLive = false;
	private opened = false; // this socket was
	private refusals = 0;
	private cut = false; // without a word of the host: the phone is where it was
	private lostAt = 0;
	private resumptions = 0; // tried since the last ticket
	private retryMs = RETRY_FIRST_MS;
	private retryTimer = 0;
	private tickTimer = 0;
	private begun = 0;
	private asked = 0; // the first PING since something was heard; 0: none
	private pinged = 0;

	private constructor(core: Core, private readonly packageId: string, private readonly identity: Identity, private readonly events: StreamEvents) {
		this.core = core;
	}

	static async open(packageId: string, identity: Identity, events: StreamEvents): Promise<Stream> {
		const [core, ticket] = await Promise.all([Core.create(), openSession(packageId, identity)]);
		const stream = new Stream(core, packageId, identity, events);
		stream.tickTimer = setInterval(() => stream.tick(), 1000);
		stream.connect(ticket);
		return stream;
	}

	close(): void {
		this.closed = true;
		clearInterval(this.tickTimer);
		clearTimeout(this.retryTimer);
		this.core.bye();
		this.flush();
		this.socket?.close();
		this.socket = undefined; // what still comes is nobody's
		this.core.close();
	}

	/** Sends what the core has for the host. To be called after each input. */
	flush(): void {
		const socket = this.socket;
		if (socket?.readyState === WebSocket.OPEN && socket.bufferedAmount < QUEUE_MAX) {
			const bytes = this.core.takeOutput();
			if (bytes.length)
				socket.send(bytes);
		}
	}

	/** The network has changed, or somebody looks again: try again now, or see whether the host is still there. */
	hurry(): void {
		if (this.retryTimer) {
			clearTimeout(this.retryTimer);
			void this.again();
		} else if (this.socket && this.core.state === State.Live) {
			const socket = this.socket;
			this.ping();
			this.flush();
			setTimeout(() => {
				if (this.socket === socket && this.asked)
					this.disconnected();
			}, PROBE_MS);
		}
	}

	private ping(): void {
		this.pinged = performance.now();
		this.asked ||= this.pinged;
		this.core.ping();
	}

	private connect(ticket: Ticket): void {
		const socket = new WebSocket(ticket.websocket, 'mtp.v1');
		this.ticket = ticket;
		this.socket = socket;
		this.opened = false;
		this.begun = this.pinged = performance.now();
		this.asked = 0;
		socket.binaryType = 'arraybuffer';
		socket.onopen = () => {
			this.opened = true;
			this.core.start(ticket.grant, this.identity.model, this.events.terminal(), this.identity.touchPoints);
			this.flush();
		};
		socket.onmessage = event => {
			this.asked = 0;
			// One after the other: a picture may take the browser's decoder a moment.
			this.received = this.received.then(() => this.receive(socket, event.data as ArrayBuffer));
		};
		socket.onclose = () => {
			if (this.socket === socket)
				this.disconnected();
		};
	}

	private async receive(socket: WebSocket, data: ArrayBuffer): Promise<void> {
		if (this.socket !== socket)
			return;
		const before = this.core.state;
		let alive = false;
		try {
			alive = await this.core.feed(new Uint8Array(data));
		} catch {
			// The codec gave up on what the host sent: this instance is not to be trusted.
			return this.finish('The host sent a picture that cannot be decoded.');
		}
		if (this.socket !== socket)
			return;
		this.flush();
		if (!alive && this.core.videoFailed)
			return this.withoutVideo(socket);
		if (!alive)
			return this.disconnected();
		if (before !== State.Live && this.core.state === State.Live) {
			this.everLive = true;
			this.refusals = 0;
			this.retryMs = RETRY_FIRST_MS;
			this.lostAt = 0;
			this.events.live();
		}
		this.events.received();
	}

	/** The browser said that it decodes H.264, and could not: again, without. */
	private async withoutVideo(socket: WebSocket): Promise<void> {
		this.socket = undefined;
		socket.close();
		this.core = await Core.create();
		if (!this.closed)
			this.retryLater('This browser could not decode the picture');
	}

	/** The socket has closed, or the session has ended: what now? */
	private disconnected(): void {
		const socket = this.socket;
		if (!socket || this.closed)
			return;
		this.cut = this.core.state === State.Live && this.opened;
		this.socket = undefined;
		socket.close();
		if (!this.opened)
			return this.retryLater('The phone\'s host cannot be reached', this.everLive ? undefined : this.trustLink());
		if (this.core.state !== State.Ended)
			return this.retryLater('The connection was lost');
		const reason = this.core.reason;
		switch (this.core.code) {
		case Bye.Grant:
			if (++this.refusals < 3)
				return this.retryLater('The host did not accept the grant');
			return this.finish(`The host refuses to let you in: ${reason}`);
		case Bye.Version:
			return this.finish(`The host speaks another version of MTP than this page: ${reason}. Reload the page.`);
		case Bye.Protocol:
			return this.finish(`This page and the host do not understand each other: ${reason}. Reload the page.`);
		case Bye.Normal:
		case Bye.Ended:
			return this.finish(`The session was ended: ${reason}`);
		default:
			return this.retryLater(`The connection was ended: ${reason}`);
		}
	}

	private finish(message: string): void {
		const socket = this.socket;
		this.closed = true;
		this.socket = undefined;
		clearInterval(this.tickTimer);
		socket?.close();
		this.events.over(message, false);
	}

	/** A browser does not tell why it could not connect. A certificate that it does not know yet is the likeliest. */
	private trustLink(): string | undefined {
		const url = new URL(this.ticket!.websocket);
		return url.host === location.host ? undefined : `https://${url.host}/`;
	}

	private retryLater(message: string, trust?: string): void {
		const wait = this.retryMs * (1 + Math.random());
		this.lostAt ||= performance.now();
		const soon = performance.now() - this.lostAt < RETRY_SOON_FOR_MS;
		this.retryMs = Math.min(this.retryMs * 2, soon ? RETRY_SOON_MS : RETRY_MAX_MS);
		this.events.lost(`${message}. Trying again${wait > 1500 ? ` in ${Math.round(wait / 1000)} s` : ''} …`, trust);
		this.retryTimer = setTimeout(() => void this.again(), wait);
	}

	private async again(): Promise<void> {
		this.retryTimer = 0;
		try {
			const ticket = await this.freshTicket();
			if (!this.closed)
				this.connect(ticket);
		} catch (error) {
			if (this.closed)
				return;
			const { status, message } = error as BrokerError;
			if (status === 401) {
				this.closed = true;
				clearInterval(this.tickTimer);
				this.events.over('Your sign-in has ended. Sign in again.', true);
			} else if (error instanceof BrokerError && status !== 0 && status < 500 && status !== 429)
				this.finish(message);
			else
				this.retryLater(message.replace(/\.$/, ''));
		}
	}

	private async freshTicket(): Promise<Ticket> {
		const resumption = this.ticket!.resumption;
		if (this.cut && resumption) {
			try {
				const ticket = await resumeSession(resumption, ++this.resumptions % SLOW_EACH === 0);
				this.cut = false; // if it does not lead to the phone, the broker is to look for it
				this.resumptions = 0;
				return ticket;
			} catch (error) {
				if (!(error instanceof BrokerError) || error.status === 0 || error.status >= 500)
					throw error;
				this.cut = false;
			}
		}
		try {
			return await renewSession(this.ticket!.session);
		} catch (error) {
			if (error instanceof BrokerError && (error.status === 404 || error.status === 409))
				return openSession(this.packageId, this.identity); // the broker has ended it
			throw error;
		}
	}

	private tick(): void {
		const now = performance.now(), state = this.core.state;
		if (!this.socket)
			return;
		if (state !== State.Live && now - this.begun > CONNECT_MS || state === State.Live && this.asked && now - this.asked > SILENCE_MS)
			return this.disconnected();
		if (state === State.Live && now - this.pinged >= PING_MS)
			this.ping();
		this.flush();
	}
}
