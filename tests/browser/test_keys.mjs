// SPDX-License-Identifier: GPL-2.0-or-later
// The page's table of keys against the kernel's header: every key that a browser names must have Linux' own number.
import fs from 'node:fs';
import { createRequire } from 'node:module';

const { transformSync } = createRequire(new URL('../../mtp-client/web/', import.meta.url))('esbuild');
const source = fs.readFileSync(new URL('../../mtp-client/web/src/keys.ts', import.meta.url), 'utf8');
const { code } = transformSync(source, { loader: 'ts', format: 'esm' });
const { evdevCode } = await import(`data:text/javascript,${encodeURIComponent(code)}`);

const header = fs.readFileSync('/usr/include/linux/input-event-codes.h', 'utf8');
const linux = new Map([...header.matchAll(/^#define\s+KEY_(\w+)\s+(\d+)/gm)].map(([, name, number]) => [name, +number]));

// The browser's word (UI Events KeyboardEvent code Values) -> the kernel's, where it is not a plain rule.
const words = {
	Escape: 'ESC', Minus: 'MINUS', Equal: 'EQUAL', Backspace: 'BACKSPACE', Tab: 'TAB', BracketLeft: 'LEFTBRACE',
	BracketRight: 'RIGHTBRACE', Enter: 'ENTER', ControlLeft: 'LEFTCTRL', Semicolon: 'SEMICOLON', Quote: 'APOSTROPHE',
	Backquote: 'GRAVE', ShiftLeft: 'LEFTSHIFT', Backslash: 'BACKSLASH', Comma: 'COMMA', Period: 'DOT', Slash: 'SLASH',
	ShiftRight: 'RIGHTSHIFT', NumpadMultiply: 'KPASTERISK', AltLeft: 'LEFTALT', Space: 'SPACE', CapsLock: 'CAPSLOCK',
	NumLock: 'NUMLOCK', ScrollLock: 'SCROLLLOCK', NumpadSubtract: 'KPMINUS', NumpadAdd: 'KPPLUS', NumpadDecimal: 'KPDOT',
	IntlBackslash: '102ND', NumpadEnter: 'KPENTER', ControlRight: 'RIGHTCTRL', NumpadDivide: 'KPSLASH',
	PrintScreen: 'SYSRQ', AltRight: 'RIGHTALT', Home: 'HOME', ArrowUp: 'UP', PageUp: 'PAGEUP', ArrowLeft: 'LEFT',
	ArrowRight: 'RIGHT', End: 'END', ArrowDown: 'DOWN', PageDown: 'PAGEDOWN', Insert: 'INSERT', Delete: 'DELETE',
	AudioVolumeMute: 'MUTE', AudioVolumeDown: 'VOLUMEDOWN', AudioVolumeUp: 'VOLUMEUP', Power: 'POWER', Pause: 'PAUSE',
	MetaLeft: 'LEFTMETA', MetaRight: 'RIGHTMETA', ContextMenu: 'COMPOSE', BrowserBack: 'BACK',
	MediaPlayPause: 'PLAYPAUSE', BrowserHome: 'HOMEPAGE', BrowserSearch: 'SEARCH',
};
for (const letter of 'ABCDEFGHIJKLMNOPQRSTUVWXYZ')
	words[`Key${letter}`] = letter;
for (let digit = 0; digit < 10; digit++)
	Object.assign(words, { [`Digit${digit}`]: String(digit), [`Numpad${digit}`]: `KP${digit}` });
for (let n = 1; n <= 12; n++)
	words[`F${n}`] = `F${n}`;

const wrong = Object.entries(words).filter(([word, name]) => !linux.has(name) || evdevCode(word) !== linux.get(name));
for (const [word, name] of wrong)
	console.log(`FAIL ${word} is ${evdevCode(word)} and not KEY_${name} ${linux.get(name)}`);
// And none that this list does not know.
const named = new Set([...source.matchAll(/\[\d+, '([^']+)'\]/g)].flatMap(([, names]) => names.split(' ')));
const extra = [...named].filter(word => !(word in words));
for (const word of extra)
	console.log(`FAIL ${word} is in the table but not checked`);
const good = wrong.length + extra.length === 0 && evdevCode('Nonsense') === 0;
console.log(`${good ? 'ok  ' : 'FAIL'} ${named.size} keys have the kernel's numbers`);
process.exit(good ? 0 : 1);
