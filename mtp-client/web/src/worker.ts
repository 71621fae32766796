// SPDX-License-Identifier: GPL-2.0-or-later
// The session in a worker: says that it is there, gets the canvas, and from then on commands.
import { Engine } from './engine.js';
import type { Command, News } from './session.js';

let engine: Engine | undefined;

addEventListener('message', ({ data }: MessageEvent<OffscreenCanvas | Command>) => {
	if (data instanceof OffscreenCanvas)
		engine = new Engine(data, (news: News) => postMessage(news));
	else
		engine?.take(data);
});
postMessage('ready');
