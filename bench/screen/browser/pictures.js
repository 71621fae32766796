// SPDX-License-Identifier: GPL-2.0-or-later
// Sessions of pictures in motion: a phone's shell over a photograph, and a viewer of photographs.
'use strict';

const NAMES = ['Calls', 'Messages', 'Mail', 'Maps', 'Photos', 'Music', 'Notes', 'Clock', 'Files', 'Camera', 'Weather', 'Books',
	'Settings', 'Terminal', 'Contacts', 'Calculator'];

function icons(parent, n) {
	const grid = element('div', 'icons', parent);
	for (let i = 0; i < n; i++) {
		const icon = element('div', 'icon', grid);
		element('i', '', icon, NAMES[i][0]).style.background = `linear-gradient(160deg, hsl(${i * 47} 80% 60%), hsl(${i * 47 + 30} 70% 35%))`;
		element('span', '', icon, NAMES[i]);
	}
}

// Panels go in and out in turns, two seconds each: from below, from above, the window aside and smaller.
sessions.shell = (content, body) => {
	const height = innerHeight, width = innerWidth;
	element('img', 'wallpaper', body).src = content.photographs[0];
	const home = element('div', 'home', body);
	element('div', 'clock', home, '12:47');
	icons(home, 8);
	const window_ = element('div', 'window', body);
	element('header', '', window_).append(element('b', '', null, content.title));
	element('p', '', window_, content.page.replace(/\s+/g, ' ').slice(0, 900));
	const drawer = element('div', 'drawer', body), shade = element('div', 'shade', body);
	element('div', 'search', drawer, 'Search');
	icons(drawer, 16);
	for (let i = 0; i < 5; i++) {
		const notice = element('div', 'notice', shade);
		element('b', '', notice, NAMES[i]);
		element('p', '', notice, content.page.replace(/\s+/g, ' ').slice(200 + i * 83, 270 + i * 83));
	}
	const speed = 1 + content.seed % 3 * 0.2;
	const inAndOut = t => t < 0.5 ? ease(t / 0.38) : 1 - ease((t - 1.1) / 0.38);
	return ms => {
		const t = ms / 1000 * speed, turn = Math.floor(t / 2) % 4, part = inAndOut(t % 2);
		const at = i => turn === i ? part : 0;
		place(drawer, 0, height * (1 - at(0)));
		place(shade, 0, -height * (1 - at(1) * 0.6));
		window_.style.visibility = turn === 2 && part > 0 ? 'visible' : 'hidden';
		window_.style.transform = `translateY(${(1 - at(2)) * height * 0.35}px) scale(${0.4 + 0.6 * at(2)})`;
		window_.style.opacity = clamp(at(2) * 3, 0, 1);
		place(home, -width * at(3), 0);
	};
};

// Each photograph is looked at, zoomed into, moved about in, left; with its name over it.
sessions.photographs = (content, body) => {
	const width = innerWidth, height = innerHeight, strip = element('div', 'strip', body);
	const images = content.photographs.map((source, i) => {
		const frame = element('div', 'photograph', strip);
		frame.style.left = `${i * (width + 16)}px`;
		const image = element('img', '', frame);
		image.src = source;
		return image;
	});
	const caption = element('div', 'caption', body);
	const random = randomOf(content.seed), aims = images.map(() => [random() - 0.5, random() - 0.5, 1.8 + random() * 1.4]);
	return ms => {
		const t = ms / 4200, i = Math.floor(t) % images.length, part = t % 1 * 4.2;
		const before = i === 0 ? 0 : i - 1;
		const slide = i === 0 ? ease(part / 0.4) : before + ease(part / 0.45);
		place(strip, -(i === 0 ? 0 : slide) * (width + 16), 0);
		const zoom = part < 2.9 ? ease((part - 1) / 0.5) : 1 - ease((part - 3.3) / 0.45);
		const moved = ease((part - 1.8) / 1.1), [x, y, by] = aims[i], factor = 1 + (by - 1) * zoom;
		images.forEach((image, k) => {
			image.style.transform = k !== i ? '' : `translate(${x * width * zoom * (1 - 2 * moved)}px, ${y * height * 0.5 * zoom * (1 - 2 * moved)}px) scale(${factor})`;
		});
		caption.textContent = `IMG_${1200 + i * 17}.jpg \u2022 ${i + 1} of ${images.length}`;
	};
};
