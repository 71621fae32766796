// SPDX-License-Identifier: GPL-2.0-or-later
// Pictures in motion: the browser's own H.264 decoder (WebCodecs), one access unit at a time, in order.

const UNIT_US = 33_000;
/** A decoder that keeps a picture back until the next one would hold up everything. */
const PATIENCE_MS = 2000;

export interface Unit {
	bytes: Uint8Array;
	key: boolean;
	width: number;
	height: number;
}

/** "avc1" and profile, constraints and level of the first sequence parameter set (RFC 6381, 3.3). */
function codecOf(unit: Uint8Array): string | undefined {
	for (let i = 0; i + 6 < unit.length; i++)
		if (!unit[i] && !unit[i + 1] && unit[i + 2] === 1 && (unit[i + 3]! & 31) === 7)
			return 'avc1.' + [...unit.subarray(i + 4, i + 7)].map(byte => byte.toString(16).padStart(2, '0')).join('');
	return undefined;
}

/** Y, Cb and Cr without gaps, from whatever planes the decoder has. */
async function copyPlanes(frame: VideoFrame, { width, height }: Unit, to: () => Uint8Array): Promise<boolean> {
	const rect = { x: frame.visibleRect?.x ?? 0, y: frame.visibleRect?.y ?? 0, width, height };
	const luma = width * height, size = luma * 3 / 2;
	if (frame.visibleRect?.width !== width || frame.visibleRect.height !== height)
		return false;
	if (frame.format === 'I420') {
		const planes = new Uint8Array(size);
		await frame.copyTo(planes, { rect, layout: [
			{ offset: 0, stride: width },
			{ offset: luma, stride: width / 2 },
			{ offset: luma * 5 / 4, stride: width / 2 },
		] });
		to().set(planes);
		return true;
	}
	if (frame.format !== 'NV12')
		return false;
	const planes = new Uint8Array(size);
	await frame.copyTo(planes, { rect, layout: [{ offset: 0, stride: width }, { offset: luma, stride: width }] });
	const out = to();
	out.set(planes.subarray(0, luma));
	for (let from = luma, cb = luma, cr = luma * 5 / 4; from < size; from += 2) {
		out[cb++] = planes[from]!;
		out[cr++] = planes[from + 1]!;
	}
	return true;
}

export class VideoStream {
	private static possible: Promise<boolean> | undefined;
	private decoder: VideoDecoder | undefined;
	private answer: ((frame: VideoFrame | undefined) => void) | undefined;
	private time = 0;
	failed = false;

	/** Can this browser? Asked once; a decoder that failed is not tried again. */
	static isPossible(): Promise<boolean> {
		return VideoStream.possible ??= (async () => {
			if (!('VideoDecoder' in globalThis))
				return false;
			const { supported } = await VideoDecoder.isConfigSupported({ codec: 'avc1.640020', optimizeForLatency: true });
			return !!supported;
		})().catch(() => false);
	}

	/** Decodes; `planes` is asked for its memory when there is something to be written. False: it cannot. */
	async decode(unit: Unit, planes: () => Uint8Array): Promise<boolean> {
		const frame = await this.frameOf(unit).catch(() => undefined);
		const good = !!frame && await copyPlanes(frame, unit, planes).catch(() => false);
		frame?.close();
		if (!good) {
			this.failed = true;
			VideoStream.possible = Promise.resolve(false);
		}
		return good;
	}

	close(): void {
		this.answer?.(undefined);
		if (this.decoder && this.decoder.state !== 'closed')
			this.decoder.close();
		this.decoder = undefined;
	}

	private async frameOf(unit: Unit): Promise<VideoFrame | undefined> {
		if (unit.key) {
			const codec = codecOf(unit.bytes);
			this.close();
			if (!codec)
				return undefined;
			this.decoder = new VideoDecoder({
				output: frame => this.answer ? this.answer(frame) : frame.close(),
				error: () => this.answer?.(undefined),
			});
			this.decoder.configure({ codec, codedWidth: unit.width, codedHeight: unit.height, optimizeForLatency: true });
		}
		if (this.decoder?.state !== 'configured')
			return undefined;
		const answer = new Promise<VideoFrame | undefined>(resolve => {
			const timer = setTimeout(() => resolve(undefined), PATIENCE_MS);
			this.answer = frame => {
				clearTimeout(timer);
				this.answer = undefined;
				resolve(frame);
			};
		});
		this.decoder.decode(new EncodedVideoChunk({
			type: unit.key ? 'key' : 'delta', timestamp: this.time += UNIT_US, data: unit.bytes }));
		return answer;
	}
}
