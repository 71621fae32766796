// SPDX-License-Identifier: GPL-2.0-or-later
// Sign-in by another company: this page leaves for the company's provider, and comes back with a code after "#".
import { beginAtOrganisation, finishAtOrganisation, type Account, type Challenge } from './broker.js';

const CAME_BACK = '#sign-in=';
const SAID: Record<string, string> = {
	'#sign-in-refused': 'Your organisation did not vouch for you here. Try again, or ask your administrator.',
	'#sign-in-failed': 'Your organisation could not be asked. Try again in a minute.',
};

export async function leaveForOrganisation(user: string): Promise<void> {
	const { redirect } = await beginAtOrganisation(user);
	// Where the broker sends us is the organisation's; anything but a page is not.
	if (new URL(redirect).protocol !== 'https:')
		throw new Error('The broker names no page to sign in at.');
	location.assign(redirect);
}

/** What this page was opened with by the way back: the sign-in, why there is none, or nothing. */
export async function comeBack(): Promise<Account | Challenge | string | undefined> {
	const said = location.hash;
	if (!said.startsWith('#sign-in'))
		return undefined;
	history.replaceState(null, '', location.pathname); // the code is good once, and of no use in the history
	return said.startsWith(CAME_BACK) ? finishAtOrganisation(said.slice(CAME_BACK.length)) : SAID[said];
}
