// SPDX-License-Identifier: GPL-2.0-or-later
// This page's own key (ES256). No script can read its private half, this one included; what a session gives out is
// worth nothing without it.

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256' };
let pair: Promise<CryptoKeyPair> | undefined;

function keys(): Promise<CryptoKeyPair> {
	pair ??= crypto.subtle.generateKey(ALGORITHM, false, ['sign', 'verify']);
	return pair;
}

export async function publicKey(): Promise<JsonWebKey> {
	const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', (await keys()).publicKey);
	return { kty: kty!, crv: crv!, x: x!, y: y! };
}

/** base64url of R and S over purpose and text. */
export async function sign(purpose: 'qvmi grant ' | 'qvmi resume ', text: string): Promise<string> {
	const bytes = new TextEncoder().encode(purpose + text);
	const signature = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, (await keys()).privateKey, bytes);
	return btoa(String.fromCharCode(...new Uint8Array(signature))).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
}
