// SPDX-License-Identifier: GPL-2.0-or-later
// What record.mjs calls: prepare() once, then show() for each frame. A session is a function that builds its page and returns
// what shows a time. `content`: texts, photographs and looks, by record-browser.
'use strict';

const sessions = {};
let showFrame;

function element(name, className, parent, text) {
	const made = document.createElement(name);
	made.className = className ?? '';
	if (text !== undefined)
		made.textContent = text;
	parent?.append(made);
	return made;
}

const place = (what, x, y) => { what.style.transform = `translate(${x}px, ${y}px)`; };

async function prepare(name, content) {
	for (const [family, file] of Object.entries(content.fonts)) {
		const face = new FontFace(family, `url(${file})`);
		document.fonts.add(await face.load());
	}
	document.body.classList.add(...content.looks);
	showFrame = sessions[name](content, document.body);
	await Promise.all([...document.images].map(image => image.decode()));
	await document.fonts.ready;
}

// Done when it has been drawn: the second frame is begun when the first has been handed over.
function show(ms) {
	showFrame(ms);
	return new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(resolve)));
}
