// SPDX-License-Identifier: GPL-2.0-or-later
// The broker's calls. The token is in a cookie that this page cannot read; the header tells the broker that it was
// this page that asked (a form of another site cannot set it).

import { publicKey, sign } from './key.js';
import type { Identity } from './session.js';

export interface Package {
	id: string;
	name: string;
	kind: 'phone' | 'application';
	icon: string | null;
}

export interface Account {
	user: string;
	packages: Package[];
	recovery_codes?: string[];
}

/** The first half of a sign-in is done; the second factor is asked for. */
export interface Challenge {
	challenge: string;
	enrolment?: { secret: string; qr: string[] };
}

export function isChallenge(answer: Account | Challenge): answer is Challenge {
	return 'challenge' in answer;
}

/** What opens a phone: the grant is used once and lives half a minute. */
export interface Ticket {
	session: string;
	grant: string;
	websocket: string;
	/** Comes back to the session, once, for the owner of this page's key. */
	resumption?: string;
}

const RENEW_MS = 10_000;
const RESUME_MS = 1500; // the question was lost: TCP would wait longer and longer
const RESUME_SLOW_MS = 15_000; // ... but for lines that are that slow

export class BrokerError extends Error {
	/** HTTP status; 0: the broker could not be reached. */
	constructor(readonly status: number, message: string) {
		super(message);
	}
}

async function call(method: string, path: string, body?: object, timeoutMs?: number): Promise<unknown> {
	let response: Response;
	try {
		response = await fetch(path, {
			method,
			headers: { 'X-QVMI-Client': 'browser', ...(body ? { 'Content-Type': 'application/json' } : {}) },
			...(body ? { body: JSON.stringify(body) } : {}),
			cache: 'no-store',
			redirect: 'error',
			...(timeoutMs ? { signal: AbortSignal.timeout(timeoutMs) } : {}),
		});
	} catch {
		throw new BrokerError(0, 'The broker cannot be reached. Is the network there?');
	}
	const answer: unknown = await response.json().catch(() => null);
	if (response.ok)
		return answer;
	const detail = (answer as { detail?: unknown } | null)?.detail;
	throw new BrokerError(response.status,
		typeof detail === 'string' ? sentence(detail) : `The broker answers ${response.status}.`);
}

function sentence(text: string): string {
	return text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? '' : '.');
}

export const signIn = (user: string, password: string) => call('POST', '/v1/login', { user, password }) as Promise<Account | Challenge>;
export const showSecondFactor = (challenge: string, code: string) =>
	call('POST', '/v1/login/second-factor', { challenge, code }) as Promise<Account>;
/** With the Kerberos ticket that the browser sends by itself where its owner has allowed that. Chromium on Linux loads its Kerberos
 *  library only once it has been asked for a ticket, and comes without one that first time: hence again. */
export async function signInByTicket(): Promise<Account | Challenge> {
	const enter = () => call('POST', '/v1/login/negotiate') as Promise<Account | Challenge>;
	try {
		return await enter();
	} catch (error) {
		if (!(error instanceof BrokerError) || error.status !== 401)
			throw error;
		await new Promise(done => setTimeout(done, 500));
		return enter();
	}
}
export const waysToSignIn = () => call('GET', '/v1/sign-in') as Promise<{ kerberos: boolean; federation: boolean }>;
export const beginAtOrganisation = (user: string) => call('POST', '/v1/login/federation', { user }) as Promise<{ redirect: string }>;
export const finishAtOrganisation = (code: string) =>
	call('POST', '/v1/login/federation/finish', { code }) as Promise<Account | Challenge>;
export const whoAmI = () => call('GET', '/v1/whoami') as Promise<Account>;
export const signOut = () => call('POST', '/v1/logout', {});

/** Shown with what proves that it is ours. */
async function proven(answer: unknown): Promise<Ticket> {
	const ticket = answer as Ticket;
	return ticket.resumption ? { ...ticket, grant: `${ticket.grant}~${await sign('qvmi grant ', ticket.grant)}` } : ticket;
}

export async function openSession(packageId: string, { model, width, height }: Identity): Promise<Ticket> {
	return proven(await call('POST', '/v1/sessions', {
		package: packageId,
		terminal: { model, width, height },
		client_key: await publicKey(),
	}));
}

/** Back after the network was away: no sign-in, and an answer at once or none. */
export async function resumeSession(resumption: string, slow: boolean): Promise<Ticket> {
	const proof = await sign('qvmi resume ', resumption);
	return proven(await call('POST', '/v1/resume', { resumption, proof }, slow ? RESUME_SLOW_MS : RESUME_MS));
}

/** A fresh grant for a session that has lost its connection. */
export async function renewSession(session: string): Promise<Ticket> {
	const ticket = await proven(await call('POST', `/v1/sessions/${encodeURIComponent(session)}/grant`, {}, RENEW_MS));
	return { ...ticket, session: ticket.session ?? session };
}
