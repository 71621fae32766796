// SPDX-License-Identifier: GPL-2.0-or-later
//
// A simulated broker and host, to test the clients alone: HTTPS with the broker's calls, MTP over TLS and over
// WebSocket, and a "phone" of two screens that is drawn with every kind of tile. The client's side is the real one;
// this side is made to misbehave on demand, which the real ones cannot be asked to.
//
//   node simulated-host.mjs FOLDER [WEB-FOLDER]
//
// takes server.pem and .key, and stranger.pem and .key, from FOLDER (see simulated.sh), and prints one JSON line
// {"broker","mtp","stranger"} with its ports. The user is "demo" with the password "right".
// What to do wrong is the package's name: see `packages`.
import { createPublicKey, verify } from 'node:crypto';
import fs from 'node:fs';
import https from 'node:https';
import path from 'node:path';
import tls from 'node:tls';
import { createHash, randomUUID } from 'node:crypto';

const [folder, webFolder] = process.argv.slice(2);
const credentials = name => ({ cert: fs.readFileSync(`${folder}/${name}.pem`), key: fs.readFileSync(`${folder}/${name}.key`), minVersion: 'TLSv1.3' });
const jpeg = fs.readFileSync(new URL('tile-64x64.jpg', import.meta.url));
const corruptJpeg = Buffer.from(jpeg);
corruptJpeg[jpeg.indexOf('ffda', 0, 'hex') + 4] = 9; // components in the scan: at most 4
const WIDTH = 360, HEIGHT = 720;

const packages = {
	phone: {},
	touch: { touchPoints: 5 },
	'refused-grant': { bye: [2, 'the grant has expired 12 s ago; sign in again'] },
	'other-version': { bye: [1, 'this host speaks MTP 7 to 9'] },
	ended: { byeAfterPicture: [5, 'ended by an administrator'] },
	hostile: { hostile: true },
	corrupt: { corrupt: true },    // a JPEG that a decoder gives up on
	cut: { cutFirst: true },       // the first connection is cut after its picture
	silent: { silent: true },      // accepts, and never says anything
	still: { still: true },        // shows a picture and answers nothing
	fits: { fits: true },          // scales to the terminal's size, when that is told
	scroll: { scroll: true },      // a page of text and pictures, 30 times a second some lines further
	film: { film: true },          // pictures in motion, where the terminal decodes them
	'broken-film': { film: true, brokenFilm: true },
	stranger: { stranger: true },  // the host's certificate is of another authority
};

// --- MTP, the host's side (mtp/PROTOCOL.md) ---
const u8 = n => Buffer.from([n]);
const u16 = n => { const b = Buffer.alloc(2); b.writeUInt16BE(n); return b; };
const u32 = n => { const b = Buffer.alloc(4); b.writeUInt32BE(n); return b; };
const str = s => Buffer.concat([u16(Buffer.byteLength(s)), Buffer.from(s)]);
const frame = (type, ...parts) => {
	const payload = Buffer.concat(parts);
	return Buffer.concat([u32(payload.length), u16(type), payload]);
};
const tile = (kind, x, y, w, h, ...rest) => Buffer.concat([u8(kind), u16(x), u16(y), u16(w), u16(h), ...rest]);
const counted = bytes => Buffer.concat([u32(bytes.length), bytes]);

// zstd (RFC 8878) without a compressor: one segment, one raw or run-length block of at most 128 KiB.
function zstd(bytes) {
	const runLength = bytes.every(b => b === bytes[0]);
	const header = Buffer.alloc(12);
	header.writeUInt32LE(0xfd2fb528, 0);
	header[4] = 0xa0; // single segment, four bytes of content size
	header.writeUInt32LE(bytes.length, 5);
	header.writeUIntLE(bytes.length << 3 | (runLength ? 1 : 0) << 1 | 1, 9, 3);
	return Buffer.concat([header, runLength ? bytes.subarray(0, 1) : bytes]);
}

// 64x64 by x264: grey, and then with a darker band of 20 rows.
const H264 = 8;
const film = [
	'000000016764000aacb42134dc08081900000300010000030032 8f1226a000000001 68ef0bcb000001658884' +
		'3ffee60731cb6b24e8dc26276966a9a20c7ab0c1',
	'00000001419a2621b5c479f03d818bffe20916ff40be67085c975b0547514259229f59290c54cfa707116780',
].map(hex => Buffer.from(hex.replaceAll(' ', ''), 'hex'));

const solid = (x, y, w, h, rgb) => tile(0, x, y, w, h, Buffer.from(rgb));

// Two screens: locked (blue, a JPEG picture, a stripe of raw pixels) and home (a chessboard of icons from a palette).
function lockScreen() {
	const stripe = Buffer.alloc(200 * 32 * 3);
	for (let i = 0; i < 200 * 32; i++)
		stripe.set([i % 200, 120, (i / 200 | 0) * 8], i * 3);
	return [
		solid(0, 0, WIDTH, HEIGHT, [24, 48, 120]),
		tile(3, 80, 120, 200, 32, counted(zstd(stripe))),
		tile(4, 148, 300, 64, 64, counted(jpeg)),
		tile(1, 20, 500, 64, 64, u16(148), u16(300)),
	];
}
function homeScreen() {
	const packed = Buffer.alloc(48 / 4 * 48);
	for (let y = 0; y < 48; y++)
		for (let x = 0; x < 12; x++)
			packed[y * 12 + x] = (y >> 4) % 2 ? 0b00011011 : 0b11100100;
	const icon = (x, y) => tile(2, x, y, 48, 48, u8(3),
		Buffer.from([245, 245, 245, 230, 90, 60, 60, 160, 90, 250, 200, 60]), counted(zstd(packed)));
	const tiles = [solid(0, 0, WIDTH, HEIGHT, [240, 240, 235])];
	for (let y = 60; y < 500; y += 110)
		for (let x = 36; x < 300; x += 80)
			tiles.push(icon(x, y));
	return tiles;
}

class Phone {
	constructor() {
		this.home = false;
		this.squares = [];
	}
	draw() {
		return [...(this.home ? homeScreen() : lockScreen()), ...this.squares];
	}
	words() {
		const word = (ends, x, y, width, height, text) => Buffer.concat([u8(ends), u16(x), u16(y), u16(width), u16(height), str(text)]);
		return this.home ? [word(1, 40, 620, 120, 24, 'Calculator')]
			: [word(0, 60, 540, 70, 22, 'Slide'), word(1, 140, 540, 30, 22, 'up'), word(1, 60, 580, 200, 22, 'Grün <b>&amp;')];
	}
	// Answers what changed, as tiles.
	released(from, to) {
		if (from.y - to.y > 100) {
			this.home = true;
			return this.draw();
		}
		if (to.y - from.y > 100) {
			this.home = false;
			return this.draw();
		}
		return this.square(to.x - 15, to.y - 15, [Math.random() * 255 | 0, 220, 20]);
	}
	typed(code) {
		return this.square(code * 7 % 320, 650, [code, 255 - code, code * 3 % 256]);
	}
	square(x, y, rgb) {
		const at = n => Math.max(0, n | 0);
		const drawn = solid(Math.min(at(x), WIDTH - 30), Math.min(at(y), HEIGHT - 30), 30, 30, rgb);
		this.squares = [...this.squares.slice(-20), drawn];
		return [drawn];
	}
}

const phones = new Map(); // user -> Phone: it is the same one on the next connection
const grants = new Map(); // grant -> {package, phone}
const cutAlready = new Set();
const heard = { hello: null, terminals: [], viewers: 0 }; // of all viewers; for the page's tests

const proves = (jwk, purpose, text, proof) => verify('sha256', Buffer.from(purpose + text),
	{ key: createPublicKey({ key: jwk, format: 'jwk' }), dsaEncoding: 'ieee-p1363' }, Buffer.from(proof, 'base64url'));

// One viewer. `send` takes bytes for the client, `close` cuts; feed() takes what the client sends.
class Viewer {
	constructor(send, close) {
		Object.assign(this, { send, close, buffer: Buffer.alloc(0), sequence: 0, press: null, welcomed: false });
	}
	update(tiles) {
		this.send(frame(66, u32(++this.sequence), u32(Date.now() % 2 ** 32), u8(1), u16(tiles.length), ...tiles));
	}
	bye([code, reason]) {
		this.send(frame(9, u16(code), str(reason)));
		this.close();
	}
	feed(bytes) {
		this.buffer = Buffer.concat([this.buffer, bytes]);
		while (this.buffer.length >= 6) {
			const size = this.buffer.readUInt32BE(0);
			if (this.buffer.length < 6 + size)
				return;
			this.message(this.buffer.readUInt16BE(4), this.buffer.subarray(6, 6 + size));
			this.buffer = this.buffer.subarray(6 + size);
		}
	}
	hello(p) {
		const [grant, proof] = p.subarray(6, 6 + p.readUInt16BE(4)).toString().split('~');
		const granted = grants.get(grant);
		grants.delete(grant); // used once
		if (!granted)
			return this.bye([2, 'the grant is unknown or has been used']);
		if (granted.key && !proves(granted.key, 'qvmi grant ', grant, proof ?? ''))
			return this.bye([2, 'the grant is for another terminal']);
		const is = this.is = packages[granted.package];
		this.phone = granted.phone;
		if (is.silent)
			return;
		if (is.bye)
			return this.bye(is.bye);
		// After grant and model: width, height, dpi, touch points.
		const codecsAt = 8 + p.readUInt16BE(4) + p.readUInt16BE(6 + p.readUInt16BE(4)) + 7;
		const codecs = p.readUInt32BE(codecsAt);
		heard.hello = { scaling: p[codecsAt + 5] }; // after the rotation
		this.touchPoints = is.touchPoints ?? 0;
		this.send(frame(64, u16(1), u16(WIDTH), u16(HEIGHT), u8(this.touchPoints), u32(31), str(granted.session)));
		this.welcomed = true;
		if (is.hostile)
			return this.update([tile(3, 350, 0, 20, 20, counted(zstd(Buffer.alloc(1200))))]);
		if (is.corrupt)
			return this.update([tile(4, 0, 0, 64, 64, counted(corruptJpeg))]);
		if (is.film)
			return this.film(codecs >> H264 & 1, is.brokenFilm);
		if (is.scroll)
			return this.scroll();
		this.update(this.phone.draw());
		if (is.byeAfterPicture)
			setTimeout(() => this.bye(is.byeAfterPicture), 100);
		if (is.cutFirst && !cutAlready.has(granted.session)) {
			cutAlready.add(granted.session);
			setTimeout(() => this.close(), 100);
		}
	}
	film(decodes, broken) {
		if (!decodes)
			return this.update([solid(0, 0, WIDTH, HEIGHT, [0, 0, 200])]);
		const key = broken ? Buffer.concat([film[0].subarray(0, 44), Buffer.alloc(20, 0x55)]) : film[0];
		this.update([solid(0, 0, WIDTH, HEIGHT, [0, 0, 0]), tile(H264, 64, 96, 64, 64, u8(1), counted(key)),
			solid(68, 100, 8, 8, [200, 0, 0])]); // drawn after what is decoded later
		this.update([tile(H264, 64, 96, 64, 64, u8(2), u8(0xa0), counted(film[1]))]); // the left half
	}
	scroll() {
		const STEP = 24, noise = Buffer.alloc(WIDTH * STEP * 3);
		this.update(this.phone.draw());
		const timer = setInterval(() => {
			if (this.gone)
				return clearInterval(timer);
			for (let i = 0; i < noise.length; i += 3)
				noise.fill(Math.random() * 255, i, i + 3);
			const pictures = [0, 64, 128, 192, 256].flatMap(x => [96, 352].map(y => tile(4, x, y, 64, 64, counted(jpeg))));
			this.update([tile(1, 0, 0, WIDTH, HEIGHT - STEP, u16(0), u16(STEP)),
				tile(3, 0, HEIGHT - STEP, WIDTH, STEP, counted(zstd(noise))), ...pictures]);
		}, 33);
	}
	terminal(terminal) {
		const { width, height } = terminal;
		heard.terminals.push(terminal);
		if (!this.is.fits)
			return;
		this.send(frame(65, u16(width), u16(height)));
		this.update([solid(0, 0, width, height, [0, 90, 0]), solid(width - 20, height - 20, 20, 20, [200, 100, 0])]);
	}
	moved(down, x, y) {
		if (down)
			this.press ??= { x, y };
		else if (this.press) {
			const tiles = this.phone.released(this.press, { x, y });
			this.press = null;
			if (!this.is.still)
				this.update(tiles);
		}
	}
	message(type, p) {
		if (type === 1)
			this.hello(p);
		else if (!this.welcomed)
			this.bye([3, 'HELLO comes first']);
		else if (type === 3)
			this.moved(p[4] & 1, p.readUInt16BE(0), p.readUInt16BE(2));
		else if (type === 4 && this.touchPoints && p[1] === 0)
			this.moved(p[0] < 2, p.readUInt16BE(2), p.readUInt16BE(4));
		else if (type === 5 && p[2] && !this.is.still)
			this.update(this.phone.typed(p.readUInt16BE(0)));
		else if (type === 6)
			this.update(this.phone.draw());
		else if (type === 12)
			this.terminal({ width: p.readUInt16BE(0), height: p.readUInt16BE(2), scaling: p[7] });
		else if (type === 15)
			this.send(frame(67, p.subarray(0, 4), u8(0), ...this.phone.words()));
		else if (type === 7)
			this.send(frame(8, p));
	}
}

const native = tls.createServer({ ...credentials('server'), ALPNProtocols: ['mtp/1'] }, serve);
function serve(socket) {
	const viewer = new Viewer(bytes => socket.write(bytes), () => socket.end());
	socket.on('data', bytes => viewer.feed(bytes));
	socket.on('error', () => {});
}

// --- WebSocket (RFC 6455), as much as binary messages need ---
function upgrade(request, socket) {
	if (request.url !== '/mtp' || request.headers['sec-websocket-protocol'] !== 'mtp.v1')
		return socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
	const accept = createHash('sha1')
		.update(request.headers['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11').digest('base64');
	socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
		`Sec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Protocol: mtp.v1\r\n\r\n`);
	const send = bytes => {
		const length = bytes.length < 126 ? u8(bytes.length)
			: bytes.length < 65536 ? Buffer.concat([u8(126), u16(bytes.length)])
				: Buffer.concat([u8(127), u32(0), u32(bytes.length)]);
		socket.write(Buffer.concat([u8(0x82), length, bytes]));
	};
	const viewer = new Viewer(send, () => socket.end(Buffer.from([0x88, 0])));
	heard.viewers++;
	socket.on('close', () => {
		heard.viewers--;
		viewer.gone = true;
	});
	let buffer = Buffer.alloc(0);
	socket.on('error', () => {});
	socket.on('data', bytes => {
		buffer = Buffer.concat([buffer, bytes]);
		while (buffer.length >= 6) {
			let size = buffer[1] & 127, at = 2;
			if (size === 126) {
				size = buffer.readUInt16BE(2);
				at = 4;
			}
			if (buffer.length < at + 4 + size)
				return;
			const mask = buffer.subarray(at, at + 4);
			const payload = Buffer.from(buffer.subarray(at + 4, at + 4 + size)).map((b, i) => b ^ mask[i % 4]);
			const opcode = buffer[0] & 15;
			buffer = buffer.subarray(at + 4 + size);
			if (opcode === 8)
				return socket.end(Buffer.from([0x88, 0]));
			if (opcode === 2 || opcode === 0)
				viewer.feed(payload);
		}
	});
}

// --- the broker ---
const types = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.wasm': 'application/wasm',
	'.svg': 'image/svg+xml', '.webmanifest': 'application/manifest+json', '.png': 'image/png' };
const sessions = new Map(); // id -> {user, package, phone}
const resumptions = new Map(); // token -> session
let resumed = 0;
const tokens = new Map();   // token -> user

function serveFile(url, response) {
	const file = path.join(webFolder ?? '/nonexistent', url === '/' ? 'index.html' : path.normalize(url));
	if (!webFolder || !file.startsWith(webFolder) || !fs.existsSync(file) || fs.statSync(file).isDirectory())
		return response.writeHead(404).end();
	response.writeHead(200, {
		'Content-Type': types[path.extname(file)] ?? 'application/octet-stream',
		'Content-Security-Policy': "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; " +
			"img-src 'self' data: blob:; connect-src 'self' wss:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
		'X-Content-Type-Options': 'nosniff',
	});
	fs.createReadStream(file).pipe(response);
}

function answer(request, response, body) {
	const json = (status, value, headers = {}) =>
		response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(value));
	const problem = (status, word, detail) =>
		response.writeHead(status, { 'Content-Type': 'application/problem+json' })
			.end(JSON.stringify({ type: `urn:qvmi:problem:${word}`, title: word, status, detail }));
	const browser = request.headers['x-qvmi-client'] === 'browser';
	const list = Object.keys(packages).map(id => ({ id, name: id === 'phone' ? 'Phone' : id, kind: 'phone', icon: null, pool: 'phone' }));
	const account = user => ({ user, admin: false, expires: new Date(Date.now() + 3600e3).toISOString(), packages: list });
	const call = `${request.method} ${request.url}`;

	if (call === 'POST /v1/login') {
		if (body.user !== 'demo' || body.password !== 'right')
			return problem(401, 'unauthenticated', 'wrong user name or password');
		const token = randomUUID();
		tokens.set(token, body.user);
		return browser
			? json(200, account(body.user), { 'Set-Cookie': `__Host-qvmi=${token}; Path=/; HttpOnly; Secure; SameSite=Strict` })
			: json(200, { token, ...account(body.user) });
	}
	const ticket = session => {
		const grant = randomUUID();
		grants.set(grant, { package: session.package, phone: session.phone, session: session.id, key: session.key });
		const host = (request.headers.host ?? 'localhost').replace(/:\d+$/, '');
		const resumption = session.key && randomUUID();
		if (resumption)
			resumptions.set(resumption, session);
		return { session: session.id, phone: { uuid: session.uuid }, grant, expires: new Date(Date.now() + 30e3).toISOString(),
			...(resumption ? { resumption } : {}),
			mtp: { host, port: packages[session.package].stranger ? ports.stranger : ports.mtp },
			websocket: `wss://${host}:${packages[session.package].stranger ? ports.stranger : ports.broker}/mtp` };
	};
	if (call === 'POST /v1/resume') {
		const session = resumptions.get(body.resumption);
		if (!session || !proves(session.key, 'qvmi resume ', body.resumption, body.proof))
			return problem(401, 'unauthenticated', 'this resumption token is not of an open session of this terminal');
		resumptions.delete(body.resumption);
		resumed++;
		return json(200, ticket(session));
	}
	if (call === 'GET /v1/resumed')
		return json(200, { resumed });
	if (call === 'GET /v1/heard')
		return json(200, heard);
	const cookie = /__Host-qvmi=([^;]+)/.exec(request.headers.cookie ?? '')?.[1];
	const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? (browser ? cookie : undefined);
	const user = tokens.get(token);
	if (!user)
		return problem(401, 'unauthenticated', 'sign in first');

	const renew = /^POST \/v1\/sessions\/([^/]+)\/grant$/.exec(call);
	if (call === 'POST /v1/sessions') {
		if (!packages[body.package])
			return problem(404, 'not-found', `there is no package '${body.package}' among yours`);
		if (!phones.has(user))
			phones.set(user, new Phone());
		const session = { id: randomUUID(), uuid: randomUUID(), user, package: body.package, phone: phones.get(user), key: body.client_key };
		sessions.set(session.id, session);
		return json(201, ticket(session));
	}
	if (renew)
		return sessions.has(renew[1]) ? json(200, ticket(sessions.get(renew[1]))) : problem(404, 'not-found', 'no such session');
	if (call === 'GET /v1/whoami' || call === 'GET /v1/packages')
		return json(200, request.url.endsWith('packages') ? { packages: list } : account(user));
	if (call === 'GET /v1/sign-in')
		return json(200, { password: true, kerberos: false });
	if (call === 'POST /v1/logout') {
		tokens.delete(token);
		return response.writeHead(204).end();
	}
	if (request.method === 'DELETE' && request.url.startsWith('/v1/sessions/'))
		return response.writeHead(204).end();
	return problem(404, 'not-found', 'no such thing');
}

const broker = https.createServer(credentials('server'), (request, response) => {
	if (!request.url.startsWith('/v1/'))
		return serveFile(request.url.split('?')[0], response);
	let text = '';
	request.on('data', chunk => { text += chunk; });
	request.on('end', () => answer(request, response, text ? JSON.parse(text) : {}));
});
broker.on('upgrade', upgrade);

const ports = {};
const listen = server => new Promise(done => server.listen(0, '127.0.0.1', () => done(server.address().port)));
ports.broker = await listen(broker);
ports.mtp = await listen(native);
ports.stranger = await listen(tls.createServer({ ...credentials('stranger'), ALPNProtocols: ['mtp/1', 'http/1.1'] }, serve));
console.log(JSON.stringify(ports));
