// SPDX-License-Identifier: GPL-2.0-or-later
// How fingers and what they throw move, as functions of time: the same at each call.
'use strict';

// Numbers of [0, 1) from a seed (Marsaglia's xorshift, 2003).
function randomOf(seed) {
	let state = seed * 2654435761 >>> 0 || 1;
	return () => {
		state ^= state << 13;
		state ^= state >>> 17;
		state ^= state << 5;
		return (state >>> 0) / 4294967296;
	};
}

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const ease = t => 1 - (1 - clamp(t, 0, 1)) ** 3;

// Flicks down a page of so many pixels, now and then up: a finger drags for a while, then speed falls exponentially, as GTK's and
// Android's do. The position at a time, in CSS pixels.
function flicks(random, seconds, length) {
	const DECAY = 0.33, list = [];
	for (let at = 0.4; at < seconds; at += 0.9 + random() * 1.3) {
		const drag = 0.12 + random() * 0.2, speed = (500 + random() * 1900) * (random() < 0.2 ? -1 : 1);
		list.push({ at, drag, speed });
	}
	return ms => {
		const now = ms / 1000;
		let position = 0;
		list.forEach(({ at, drag, speed }, i) => {
			const end = list[i + 1]?.at ?? Infinity, t = Math.min(now, end) - at;
			if (t <= 0)
				return;
			// The finger gathers speed; the page follows it.
			const dragged = Math.min(t, drag);
			let by = speed * dragged * dragged / drag / 2;
			if (t > drag)
				by += speed * DECAY * (1 - Math.exp((drag - t) / DECAY));
			position = clamp(position + by, 0, length);
		});
		return position;
	};
}
