// SPDX-License-Identifier: GPL-2.0-or-later
// The second half of a sign-in: asks for the code, shows what to enrol, and the recovery codes.
import { BrokerError, showSecondFactor, type Account, type Challenge } from './broker.js';

const SVG = 'http://www.w3.org/2000/svg';
const QUIET = 4; // light modules around a QR code (ISO/IEC 18004)

function element<T extends HTMLElement>(id: string): T {
	return document.getElementById(id) as T;
}

/** Dark modules as one path, a rectangle a run. */
function drawQr(rows: string[]): SVGSVGElement {
	const image = document.createElementNS(SVG, 'svg'), path = document.createElementNS(SVG, 'path');
	const size = rows.length + 2 * QUIET;
	let outline = '';
	rows.forEach((row, y) => {
		for (const run of row.matchAll(/1+/g))
			outline += `M${run.index + QUIET} ${y + QUIET}h${run[0].length}v1h-${run[0].length}z`;
	});
	path.setAttribute('d', outline);
	image.setAttribute('viewBox', `0 0 ${size} ${size}`);
	image.setAttribute('role', 'img');
	image.setAttribute('aria-label', 'QR code for an authenticator application; its key is below');
	image.append(path);
	return image;
}

export class SecondFactor {
	private challenge: Challenge | undefined;

	/** `show`: makes the form be seen; `over`: signed in, or to begin again with a message. */
	constructor(private readonly show: () => void, private readonly done: (account: Account) => void,
		private readonly again: (message: string) => void) {
		element<HTMLFormElement>('factor-form').addEventListener('submit', event => {
			event.preventDefault();
			void this.send();
		});
		element('factor-cancel').addEventListener('click', () => this.leave(''));
	}

	ask(challenge: Challenge): void {
		this.challenge = challenge;
		element('factor-enrol').hidden = !challenge.enrolment;
		if (challenge.enrolment) {
			element('factor-qr').replaceChildren(drawQr(challenge.enrolment.qr));
			element('factor-key').textContent = challenge.enrolment.secret.replace(/(.{4})(?=.)/g, '$1 ');
		}
		element('factor-message').textContent = '';
		element('factor-entry').hidden = false;
		element('factor-codes').hidden = true;
		this.show();
		element('factor-code').focus();
	}

	private async send(): Promise<void> {
		const code = element<HTMLInputElement>('factor-code'), button = element<HTMLButtonElement>('factor-button');
		if (!this.challenge)
			return;
		button.disabled = true;
		try {
			this.enter(await showSecondFactor(this.challenge.challenge, code.value));
		} catch (error) {
			if (error instanceof BrokerError && (error.status === 401 || error.status === 409))
				this.leave(error.message);
			else
				element('factor-message').textContent = (error as Error).message;
		} finally {
			code.value = '';
			button.disabled = false;
		}
	}

	/** Signed in; first the recovery codes, which are shown this once. */
	private enter(account: Account): void {
		this.forget();
		if (!account.recovery_codes)
			return this.done(account);
		element('factor-list').textContent = account.recovery_codes.join('\n');
		element('factor-enrol').hidden = element('factor-entry').hidden = true;
		element('factor-codes').hidden = false;
		element('factor-kept').addEventListener('click', () => {
			element('factor-list').textContent = '';
			this.done(account);
		}, { once: true });
	}

	private leave(message: string): void {
		this.forget();
		this.again(message);
	}

	private forget(): void {
		this.challenge = undefined;
		element('factor-qr').replaceChildren();
		element('factor-key').textContent = '';
	}
}
