// SPDX-License-Identifier: GPL-2.0-or-later
// Sessions that scroll: a long text, and a page of text and pictures.
'use strict';

// Where a page stands: most flicks on whole pixels, as most browsers do; some between them, as GTK does.
function pagePosition(position, scale, fraction) {
	return fraction ? position : Math.round(position * scale) / scale;
}

function scroller(content, body, seconds, page) {
	const view = element('div', 'view', body);
	view.append(page);
	const bar = element('div', 'scroll-bar', body);
	const height = page.getBoundingClientRect().height, room = view.clientHeight;
	const at = flicks(randomOf(content.seed), seconds, height - room);
	return ms => {
		const position = pagePosition(at(ms), content.scale, ms % 8000 >= 5000);
		place(page, 0, -position);
		bar.style.height = `${Math.max(24, room * room / height)}px`;
		bar.style.opacity = Math.abs(at(ms) - at(Math.max(0, ms - 600))) > 0.5 ? 1 : 0;
		place(bar, 0, position / height * room);
	};
}

function paragraphs(text) {
	return text.split(/\n\s*\n/).map(part => part.trim()).filter(part => part);
}

sessions.scrolling = (content, body) => {
	const page = element('article');
	paragraphs(content.document).forEach((text, i) => {
		const heading = text.length < 60;
		element(heading ? 'h2' : i % 11 === 10 ? 'pre' : 'p', '', page, heading || i % 11 === 10 ? text : text.replace(/\s+/g, ' '));
	});
	const bar = element('header', '', body);
	element('b', '', bar, content.title);
	return scroller(content, body, content.seconds.scrolling, page);
};

function card(page, title, text, picture) {
	const box = element('section', 'card', page);
	if (picture)
		element('img', '', box).src = picture;
	element('h3', '', box, title);
	element('p', '', box, text);
	element('a', 'button', box, 'Read more');
}

sessions.web = (content, body) => {
	const page = element('article', 'web'), parts = paragraphs(content.page).map(text => text.replace(/\s+/g, ' '));
	const hero = element('div', 'hero', page);
	element('img', '', hero).src = content.photographs[0];
	element('h1', '', hero, content.title);
	element('p', '', hero, parts[0].slice(0, 90));
	parts.slice(1, 60).forEach((text, i) => {
		if (i % 7 === 3)
			element('img', 'wide', page).src = content.photographs[(i / 7 + 1 | 0) % content.photographs.length];
		if (i % 9 === 5)
			card(page, text.split(' ').slice(0, 4).join(' '), text.slice(0, 140), content.photographs[i % content.photographs.length]);
		else if (i % 9 === 7)
			element('blockquote', '', page, text.slice(0, 200));
		else
			element('p', '', page, text.slice(0, 700));
	});
	const bar = element('header', 'clear', body);
	element('b', '', bar, content.title);
	element('span', 'menu', bar, '\u2630');
	return scroller(content, body, content.seconds.web, page);
};
