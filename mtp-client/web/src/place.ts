// SPDX-License-Identifier: GPL-2.0-or-later
// Where the session runs: in a worker that draws on the canvas itself (OffscreenCanvas), or on the page's own thread where the
// browser has no such thing, or the worker does not come up.
import { Engine } from './engine.js';
import type { Command, News } from './session.js';

const PATIENCE_MS = 10_000;

export interface Place {
	thread: 'worker' | 'page';
	send(command: Command): void;
}

function canDrawInWorker(): boolean {
	try {
		return 'Worker' in window && 'transferControlToOffscreen' in HTMLCanvasElement.prototype &&
			!!new OffscreenCanvas(1, 1).getContext('2d'); // Safari had it for WebGL first
	} catch {
		return false;
	}
}

/** A worker that has said that it is there: a canvas that was handed over does not come back. */
function startWorker(): Promise<Worker | undefined> {
	return new Promise(resolve => {
		const worker = new Worker('worker.js');
		const settle = (good: boolean) => {
			clearTimeout(timer);
			if (!good)
				worker.terminate();
			resolve(good ? worker : undefined);
		};
		const timer = setTimeout(() => settle(false), PATIENCE_MS);
		worker.onmessage = () => settle(true);
		worker.onerror = () => settle(false);
	});
}

/** To be called once: the canvas is the session's from then on. */
export async function findPlace(canvas: HTMLCanvasElement, report: (news: News) => void): Promise<Place> {
	const worker = canDrawInWorker() ? await startWorker() : undefined;
	if (!worker) {
		const engine = new Engine(canvas, report);
		return { thread: 'page', send: command => engine.take(command) };
	}
	const surface = canvas.transferControlToOffscreen();
	worker.onmessage = ({ data }: MessageEvent<News>) => report(data);
	worker.postMessage(surface, [surface]);
	return { thread: 'worker', send: command => worker.postMessage(command) };
}
