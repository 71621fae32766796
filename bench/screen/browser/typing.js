// SPDX-License-Identifier: GPL-2.0-or-later
// A text field being typed into, with an on-screen keyboard: a key lights up while it is down, a caret blinks, words are suggested.
'use strict';

const KEYS = ['qwertyuiop', 'asdfghjkl', 'zxcvbnm'];

function keyboard(body) {
	const board = element('div', 'keyboard', body), keys = new Map();
	const words = element('div', 'words', board), row = element('div', 'row', board);
	const suggestions = [0, 1, 2].map(() => element('span', '', words, ''));
	row.remove();
	for (const letters of KEYS) {
		const line = element('div', 'row', board);
		for (const letter of letters)
			keys.set(letter, element('span', 'key', line, letter));
	}
	const last = element('div', 'row', board);
	element('span', 'key dark', last, '123');
	keys.set(' ', element('span', 'key space', last, ''));
	keys.set('.', element('span', 'key dark', last, '.'));
	const popup = element('div', 'popup', body);
	return { keys, suggestions, popup };
}

// When each letter of the text is typed, in ms.
function strokes(random, text) {
	let at = 500;
	return [...text].map(letter => {
		at += letter === ' ' ? 130 + random() * 120 : 110 + random() * 190;
		if (random() < 0.03)
			at += 900;
		return { letter, at };
	});
}

sessions.typing = (content, body) => {
	const bar = element('header', '', body);
	element('b', '', bar, content.title);
	const note = element('div', 'note', body);
	element('p', '', note, content.hand[0]);
	const written = element('p', '', note), text = element('span', '', written), caret = element('span', 'caret', written);
	const { keys, suggestions, popup } = keyboard(body);
	const typed = strokes(randomOf(content.seed), content.hand[1]), words = content.hand[1].toLowerCase().match(/[a-z]+/g);
	return ms => {
		const done = typed.filter(({ at }) => at <= ms), now = done[done.length - 1];
		text.textContent = done.map(({ letter }) => letter).join('');
		caret.style.visibility = now && ms - now.at < 500 || ms % 1000 < 500 ? 'visible' : 'hidden';
		for (const key of keys.values())
			key.classList.remove('down');
		const down = now && ms - now.at < 90 ? keys.get(now.letter.toLowerCase()) : undefined;
		popup.style.display = down && now.letter !== ' ' ? 'block' : 'none';
		if (down) {
			down.classList.add('down');
			const box = down.getBoundingClientRect();
			popup.textContent = now.letter;
			place(popup, Math.round(box.left + box.width / 2 - 22), Math.round(box.top - 54));
		}
		const begun = text.textContent.toLowerCase().match(/[a-z]*$/)[0], fitting = words.filter(word => begun && word.startsWith(begun));
		suggestions.forEach((suggestion, i) => { suggestion.textContent = [...new Set(fitting)][i] ?? ''; });
	};
};
