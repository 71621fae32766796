// SPDX-License-Identifier: GPL-2.0-or-later
// The page: sign in, pick, use.
import {
	BrokerError, isChallenge, signIn, signInByTicket, signOut, waysToSignIn, whoAmI, type Account, type Challenge, type Package,
} from './broker.js';
import { Input } from './input.js';
import { Meter } from './meter.js';
import { comeBack, leaveForOrganisation } from './organisation.js';
import { findPlace, type Place } from './place.js';
import { Screen } from './screen.js';
import { SecondFactor } from './second_factor.js';
import type { Command, Identity, News } from './session.js';
import { Text } from './text.js';

function element<T extends HTMLElement>(id: string): T {
	return document.getElementById(id) as T;
}

type Part = 'sign-in' | 'second-factor' | 'packages' | 'phone';

function show(part: Part): void {
	for (const id of ['sign-in', 'second-factor', 'packages', 'phone'] as const)
		element(id).hidden = id !== part;
	document.body.dataset.place = part;
}

/** A line for the user in the place where he looks; empty: none. */
function tell(id: 'sign-in-message' | 'packages-message', message: string): void {
	element(id).textContent = message;
}

// --- sign in ---

const secondFactor = new SecondFactor(() => show('second-factor'), account => offer(account), message => askToSignIn(message));

function enter(answer: Account | Challenge): void {
	if (isChallenge(answer))
		secondFactor.ask(answer);
	else
		offer(answer);
}

// Who has come in by ticket comes in so the next time, without asking; signing out ends that.
const BY_TICKET = 'sign-in-by-ticket';

async function enterByTicket(): Promise<void> {
	try {
		const account = await signInByTicket();
		localStorage.setItem(BY_TICKET, 'yes');
		enter(account);
	} catch (error) {
		localStorage.removeItem(BY_TICKET);
		askToSignIn((error as Error).message);
	}
}

element('ticket-button').addEventListener('click', () => void enterByTicket());
void waysToSignIn().then(ways => {
	element('ticket-button').hidden = !ways.kerberos;
	element('organisation-button').hidden = !ways.federation;
}, () => undefined);

element('organisation-button').addEventListener('click', () => {
	const user = element<HTMLInputElement>('user').value.trim();
	if (!user)
		return askToSignIn('Type your name with your organisation, as in alice@company.example.');
	tell('sign-in-message', '');
	leaveForOrganisation(user).catch((error: unknown) => askToSignIn((error as Error).message));
});

function askToSignIn(message = ''): void {
	tell('sign-in-message', message);
	show('sign-in');
	element<HTMLInputElement>(element<HTMLInputElement>('user').value ? 'password' : 'user').focus();
}

element<HTMLFormElement>('sign-in-form').addEventListener('submit', async event => {
	event.preventDefault();
	const password = element<HTMLInputElement>('password'), button = element<HTMLButtonElement>('sign-in-button');
	button.disabled = true;
	tell('sign-in-message', '');
	try {
		enter(await signIn(element<HTMLInputElement>('user').value, password.value));
	} catch (error) {
		askToSignIn((error as Error).message);
	} finally {
		password.value = '';
		button.disabled = false;
	}
});

element('sign-out').addEventListener('click', async () => {
	localStorage.removeItem(BY_TICKET);
	await signOut().catch(() => undefined); // the cookie ends by itself as well
	askToSignIn();
});

// --- pick ---

function offer(account: Account): void {
	element('who').textContent = account.user;
	element('tiles').replaceChildren(...account.packages.map(tile));
	tell('packages-message', account.packages.length ? '' : 'No packages have been granted to you yet. Ask your administrator.');
	show('packages');
}

function tile(offered: Package): HTMLElement {
	const button = document.createElement('button'), icon = document.createElement('img'), name = document.createElement('span');
	icon.alt = '';
	icon.src = offered.icon ?? 'icons/phone.svg';
	icon.addEventListener('error', () => { icon.src = 'icons/phone.svg'; }, { once: true });
	name.textContent = offered.name;
	button.type = 'button';
	button.className = 'tile';
	button.dataset.package = offered.id;
	button.append(icon, name);
	button.addEventListener('click', () => void use(offered));
	return button;
}

// --- use ---

const canvas = element<HTMLCanvasElement>('screen');
let finding: Promise<Place> | undefined; // where sessions run, from the first one on
let place: Place | undefined;
let session = 0; // the last one
let using = false; // it
let input: Input | undefined;
let pinchZooms = false;

const send = (command: Command) => place?.send(command);
const screen = new Screen(canvas, layout => send({ is: 'layout', layout }), () => text.moved());
const meter = new Meter(element('statistics'), () => send({ is: 'count' }));
const text = new Text(element('text'), element('words'), element('words-status'), () => screen.placement(), id => send({ is: 'read', id }));

function notice(message: string, trust?: string): void {
	element('notice').hidden = !message;
	element('notice-text').textContent = message;
	element('trust').hidden = !trust;
	if (trust)
		element<HTMLAnchorElement>('trust-link').href = element('trust-link').textContent = trust;
	canvas.dataset.state = message ? 'waiting' : 'live';
}

function take({ session: whose, happening }: News): void {
	if (!using || whose !== session)
		return; // left meanwhile
	switch (happening.is) {
	case 'live':
		return notice('');
	case 'lost':
		return notice(happening.message, happening.trust);
	case 'over':
		return backToPackages(happening.message, happening.signIn);
	case 'drawn':
		return screen.shown(happening.drawn);
	case 'received':
		return text.received(happening.updates);
	case 'words':
		return text.take(happening.reading);
	case 'counters':
		return meter.take(happening.counters, happening.width, happening.height);
	}
}

function leave(): void {
	meter.show(false);
	showText(false);
	input?.close();
	input = undefined;
	using = false;
	send({ is: 'close' });
	screen.reset();
}

function identity(): Identity {
	const pixels = (css: number) => Math.min(65535, Math.round(css * devicePixelRatio));
	return {
		model: 'browser, ' + (navigator.maxTouchPoints > 0 ? 'touch' : 'desktop'), touchPoints: Math.min(navigator.maxTouchPoints, 10),
		width: pixels(window.screen.width), height: pixels(window.screen.height),
	};
}

async function use(offered: Package): Promise<void> {
	const mine = ++session;
	using = true;
	tell('packages-message', '');
	show('phone');
	document.title = offered.name;
	setPinchZooms(false);
	notice(`Opening ${offered.name} …`);
	canvas.focus();
	place = await (finding ??= findPlace(canvas, take));
	canvas.dataset.thread = place.thread;
	if (!using || mine !== session)
		return; // the user has left in the meantime
	input = new Input(screen, send);
	send({ is: 'open', session, packageId: offered.id, identity: identity(), layout: screen.layout() });
}

function backToPackages(message = '', again = false): void {
	leave();
	document.title = 'QVMI';
	if (again)
		return askToSignIn(message);
	show('packages');
	tell('packages-message', message);
}

element('close').addEventListener('click', () => backToPackages());
element('rotate').addEventListener('click', () => {
	screen.rotate();
	canvas.focus();
});
function setPinchZooms(on: boolean): void {
	pinchZooms = on;
	element('zoom').setAttribute('aria-pressed', String(on));
	send({ is: 'pinch-zooms', on });
}
element('zoom').addEventListener('click', () => {
	setPinchZooms(!pinchZooms);
	canvas.focus();
});
element('meter').addEventListener('click', () => {
	element('meter').setAttribute('aria-pressed', String(meter.show(!meter.shown)));
	canvas.focus();
});
function showText(shown: boolean): void {
	element('read').setAttribute('aria-pressed', String(text.show(shown)));
}
element('read').addEventListener('click', () => {
	showText(!text.shown);
	if (!text.shown)
		canvas.focus();
});
element('words-copy').addEventListener('click', async () => {
	const done = await navigator.clipboard.writeText(text.all).then(() => 'Copied.', () => 'The browser does not let this page copy; select the text and copy it.');
	element('words-status').textContent = done;
});
element('words-large').addEventListener('click', () => {
	const large = element('words-large').getAttribute('aria-pressed') !== 'true';
	element('words-large').setAttribute('aria-pressed', String(large));
	text.large(large);
});
window.addEventListener('keydown', event => {
	if (event.key === 'Escape' && text.shown) {
		event.preventDefault();
		event.stopImmediatePropagation();
		showText(false);
		canvas.focus();
	}
}, { capture: true });
element('fullscreen').addEventListener('click', () => {
	if (document.fullscreenElement)
		void document.exitFullscreen();
	else
		void document.documentElement.requestFullscreen().catch(() => undefined);
	canvas.focus();
});
element('fullscreen').hidden = !document.fullscreenEnabled;
element('retry').addEventListener('click', () => send({ is: 'hurry' }));
window.addEventListener('online', () => send({ is: 'hurry' }));
document.addEventListener('visibilitychange', () => {
	if (!document.hidden)
		send({ is: 'hurry' });
});
// A page that is kept for the way back comes back without its connection.
window.addEventListener('pagehide', () => leave());
window.addEventListener('pageshow', event => {
	if (event.persisted && document.body.dataset.place === 'phone')
		backToPackages();
});

async function begin(): Promise<void> {
	const back = await comeBack();
	if (typeof back === 'string')
		return askToSignIn(back);
	if (back)
		return enter(back);
	await whoAmI().then(offer, (error: unknown) => {
		if (!(error instanceof BrokerError) || error.status !== 401)
			askToSignIn((error as Error).message);
		else if (localStorage.getItem(BY_TICKET))
			void enterByTicket();
		else
			askToSignIn();
	});
}

begin().catch((error: unknown) => askToSignIn((error as Error).message));
