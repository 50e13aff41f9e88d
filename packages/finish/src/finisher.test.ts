import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { finishedFrames, finishFrames } from './finisher.ts';
import type { FinishOptions } from './finisher.ts';
import type { RgbPixels } from './image/bicubic.ts';
import { blur } from './image/blur.ts';
import { lumaOf } from './image/plane.ts';
import { resizeLanczos } from './image/resize.ts';
import { greyPicture, texture } from './testing/texture.ts';

const [width, height, outWidth, outHeight] = [64, 48, 128, 96];
const sizes = { width, height, outWidth, outHeight };
const scene = greyPicture(texture(256, 192));

interface Part {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly top: number;
}

function crop(picture: RgbPixels, { width: wide, height: high, left, top }: Part) {
  const data = new Uint8Array(3 * wide * high);
  for (let y = 0; y < high; y++) {
    const from = 3 * ((top + y) * picture.width + left);
    data.set(picture.data.subarray(from, from + 3 * wide), 3 * y * wide);
  }
  return { width: wide, height: high, data };
}

/** The part of the scene that a camera shows that moves to the right; it starts `left` pixels from the scene's left border. */
const view = (left: number, top = 32) => crop(scene, { width: outWidth, height: outHeight, left, top });

const views = [0, 1, 2, 3, 4, 5].map((step) => view(20 + 2 * step));
const small: readonly Uint8Array[] = views.map(
  (picture) => new Uint8Array(Uint8ClampedArray.from(resizeLanczos(picture, width, height)).buffer),
);
const photo = views[0]!;

async function* inPieces(frames: readonly Uint8Array[], bytes = Infinity) {
  const all = Buffer.concat(frames);
  const length = Math.min(bytes, all.length);
  for (let at = 0; at < all.length; at += length) yield await Promise.resolve(all.subarray(at, at + length));
}

async function finish(
  options: Partial<FinishOptions> = {},
  frames: readonly Uint8Array[] = small,
  pieceBytes = Infinity,
) {
  const made: Uint8Array[] = [];
  const all = { ...sizes, multiple: 4, photo, ...options };
  for await (const frame of finishFrames(inPieces(frames, pieceBytes), all)) made.push(frame);
  return made;
}

function psnr(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2;
  return 10 * Math.log10(255 ** 2 / (sum / a.length));
}

describe('finishFrames', () => {
  test('produces `multiple` frames for each interval, and the last frame', async () => {
    expect(await finish()).toHaveLength(finishedFrames(6, 4));
    expect(await finish({ multiple: 1 })).toHaveLength(6);
    expect(await finish({}, small.slice(0, 1))).toHaveLength(1);
    expect(await finish({}, [])).toHaveLength(0);
    // At 1.5, the frames are at 0, 2/3, 4/3, … of an interval, so that the last one is at 14/3.
    expect(await finish({ multiple: 1.5 })).toHaveLength(8);
    expect(await finish({ multiple: 1.5 }, small.slice(0, 2))).toHaveLength(2);
  });

  test('keeps no frame that the caller has taken', async () => {
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    const taken: WeakRef<Uint8Array>[] = [];
    const { signal } = new AbortController();
    for await (const frame of finishFrames(inPieces(small), { ...sizes, multiple: 4, photo, signal })) {
      taken.push(new WeakRef(frame));
      // A frame is freed in a later turn of the event loop.
      await new Promise((resolve) => setImmediate(resolve));
    }
    collectGarbage();
    expect(taken).toHaveLength(21);
    expect(taken.filter((frame) => frame.deref()).length).toBeLessThanOrEqual(2);
  });

  test('gives the same bytes for any number of threads and any pieces', async () => {
    const expected = Buffer.concat(await finish());
    expect(Buffer.concat(await finish({ threads: 1 })).equals(expected)).toBe(true);
    expect(Buffer.concat(await finish({ threads: 3 }, small, 1000)).equals(expected)).toBe(true);
  });

  test('the first frame is the photo, and later frames keep its detail', async () => {
    const made = await finish({ multiple: 1 });
    expect(psnr(made[0]!, photo.data)).toBeGreaterThan(45);
    for (const [i, frame] of made.entries()) {
      const enlarged = resizeLanczos({ width, height, data: small[i]! }, outWidth, outHeight);
      expect(psnr(frame, views[i]!.data)).toBeGreaterThan(psnr(enlarged, views[i]!.data) + 1);
    }
  });

  test('where the first frame is the photo made small, the finished one is the photo itself', async () => {
    const [made] = await finish({}, small.slice(0, 1));
    // At the very border there may be something that the photo does not show.
    for (let y = 4; y < outHeight - 4; y++) {
      for (let i = 3 * (y * outWidth + 4); i < 3 * ((y + 1) * outWidth - 4); i++) {
        expect(Math.abs(made![i]! - photo.data[i]!)).toBeLessThanOrEqual(1);
      }
    }
  });

  test('frames that lost detail and flicker become sharp and steady', async () => {
    const soft = small.map((frame, i) => softened(frame, i % 2 === 0 ? 3 : -3));
    const made = await finish({ multiple: 1 }, soft);
    const flicker = (frames: readonly Uint8Array[]) =>
      Math.abs(mean(frames[2]!) - (mean(frames[1]!) + mean(frames[3]!)) / 2);
    expect(flicker(made)).toBeLessThan(0.5 * flicker(soft));
    for (const [i, frame] of made.entries()) {
      const enlarged = resizeLanczos({ width, height, data: soft[i]! }, outWidth, outHeight);
      expect(psnr(frame, views[i]!.data)).toBeGreaterThan(psnr(enlarged, views[i]!.data) + 1);
    }
  });

  test('a small place that does not follow the photo is filled if only the camera moves, and nothing else changes', async () => {
    const size = { width: 192, height: 144 };
    const shown = [0, 1, 2, 3].map((step) => crop(scene, { ...size, left: 20 + 2 * step, top: 24 }));
    const distance = (at: number) => Math.hypot((at % size.width) - 105, Math.floor(at / size.width) - 72);
    const frames = shown.map((picture, i) => {
      const { data } = greyPicture(blur(lumaOf(picture.data, size.width, size.height), 1.5));
      for (let at = 0; i > 0 && at < data.length / 3; at++) {
        if (distance(at) < 8) data.fill(255 - data[3 * at]!, 3 * at, 3 * at + 3);
      }
      return data;
    });
    const options = { ...size, outWidth: size.width, outHeight: size.height, multiple: 1, photo: shown[0]! };
    const filled = await finish({ ...options, onlyCameraMoves: true }, frames);
    const left = await finish(options, frames);
    expect(Buffer.from(filled[0]!).equals(left[0]!)).toBe(true);
    const difference = (a: Uint8Array, b: Uint8Array, isCounted: (at: number) => boolean) =>
      mean(a.map((value, i) => (isCounted(Math.floor(i / 3)) ? Math.abs(value - b[i]!) : 0)));
    const inside = (at: number) => distance(at) < 8;
    expect(difference(filled[3]!, left[3]!, (at) => distance(at) > 24)).toBeLessThan(0.01);
    expect(difference(filled[3]!, shown[3]!.data, inside)).toBeLessThan(
      0.6 * difference(left[3]!, shown[3]!.data, inside),
    );
  });

  test.each([
    ['odd sizes', { width: 63, height: 47, outWidth: 125, outHeight: 95 }],
    ['the smallest frames', { width: 16, height: 16, outWidth: 40, outHeight: 33 }],
    ['a size of its own for each side', { width: 64, height: 48, outWidth: 64, outHeight: 144 }],
    ['smaller frames than those of the model', { width: 64, height: 48, outWidth: 32, outHeight: 24 }],
  ])('finishes %s, with a photo of any size and without one', async (_name, size) => {
    const frames = small.slice(0, 3).map((data) => resized({ width, height, data }, size.width, size.height));
    for (const side of [8, 40, 300, 0]) {
      const data = side > 0 ? resized(photo, side, side) : null;
      const made = await finish({ ...size, photo: data ? { width: side, height: side, data } : undefined }, frames);
      expect(made).toHaveLength(finishedFrames(3, 4));
      for (const [i, frame] of made.entries()) {
        expect(frame).toHaveLength(3 * size.outWidth * size.outHeight);
        const near = { ...size, data: frames[Math.round(i / 4)]! };
        expect(psnr(frame, resizeLanczos(near, size.outWidth, size.outHeight))).toBeGreaterThan(20);
      }
    }
  });

  test("frames of the output's size without a photo stay as they are", async () => {
    const made = await finish({ outWidth: width, outHeight: height, multiple: 2, photo: undefined });
    for (const [i, frame] of small.entries()) expect(Buffer.from(made[2 * i]!).equals(frame)).toBe(true);
  });

  test('segments that follow each other lose and double no frame', async () => {
    const whole = Buffer.concat(await finish());
    const frame = small[0]!.length;
    const made = await finish({}, [Buffer.concat(small.slice(0, 3)), ...small.slice(3)], 3 * frame);
    expect(Buffer.concat(made).equals(whole)).toBe(true);
  });

  test('work that was broken off and is done again gives the same bytes', async () => {
    const expected = await finish({ multiple: 2 });
    let taken = 0;
    for await (const frame of finishFrames(inPieces(small), { ...sizes, multiple: 2, photo })) {
      expect(Buffer.from(frame).equals(expected[taken]!)).toBe(true);
      if (++taken === 4) break;
    }
    expect(Buffer.concat(await finish({ multiple: 2 })).equals(Buffer.concat(expected))).toBe(true);
  });

  test('reads a bounded number of frames ahead', async () => {
    let read = 0;
    async function* many() {
      for (; read < 100; read++) yield await Promise.resolve(small[read % small.length]!);
    }
    const all = finishFrames(many(), { ...sizes, multiple: 2, photo });
    await all.next();
    expect(read).toBeLessThan(15);
    await all.return();
  });

  test('a photo of something else leaves the enlarged frames as they are', async () => {
    const other = greyPicture(texture(outWidth, outHeight, 7));
    const plain = await finish({ multiple: 1, photo: undefined });
    const made = await finish({ multiple: 1 }, [small[0]!, ...small.slice(1).map(() => smallOf(other))]);
    const enlarged = resizeLanczos({ width, height, data: smallOf(other) }, outWidth, outHeight);
    expect(psnr(made.at(-1)!, enlarged)).toBeGreaterThan(45);
    expect(plain).toHaveLength(6);
  });

  test('frames in between show the motion half-way', async () => {
    const made = await finish({ multiple: 2 });
    for (const i of [0, 1, 2, 3, 4]) expect(psnr(made[2 * i + 1]!, view(21 + 2 * i).data)).toBeGreaterThan(30);
  });

  test('rejects a source that ends within a frame', async () => {
    await expect(finish({}, [small[0]!, small[1]!.subarray(10)])).rejects.toThrow(/10 bytes short/);
  });

  test('rejects sizes that can not be finished', async () => {
    await expect(finish({ multiple: 0 })).rejects.toThrow(RangeError);
    await expect(finish({ width: 8 })).rejects.toThrow(/at least 16 pixels/);
    await expect(finish({ photo: { ...photo, width: 5 } })).rejects.toThrow(/a photo of 5×96/);
  });

  test('passes on an error of the source', async () => {
    async function* broken() {
      yield await Promise.resolve(small[0]!);
      throw new Error('the disk is gone');
    }
    const all = finishFrames(broken(), { ...sizes, multiple: 1 });
    await expect(all.next()).rejects.toThrow('the disk is gone');
  });

  test('ends with the reason of its signal in the middle of a video', async () => {
    const abort = new AbortController();
    const all = finishFrames(inPieces(small), { ...sizes, multiple: 2, photo, signal: abort.signal });
    await all.next();
    abort.abort(new Error('enough'));
    await expect(all.next()).rejects.toThrow('enough');
    await expect(all.next()).resolves.toMatchObject({ done: true });
  });

  test('ends with the reason of its signal while it waits for frames', async () => {
    const abort = new AbortController();
    async function* endless() {
      yield await Promise.resolve(small[0]!);
      await new Promise(() => undefined);
    }
    const next = finishFrames(endless(), { ...sizes, multiple: 1, signal: abort.signal }).next();
    abort.abort(new Error('enough'));
    await expect(next).rejects.toThrow('enough');
  });
});

const smallOf = (picture: ReturnType<typeof greyPicture>): Uint8Array => resized(picture, width, height);

function resized(picture: RgbPixels, toWidth: number, toHeight: number): Uint8Array {
  return new Uint8Array(Uint8ClampedArray.from(resizeLanczos(picture, toWidth, toHeight)).buffer);
}

/** What an autoencoder might make of a frame: blurred, and brighter or darker. */
function softened(data: Uint8Array, brighter: number): Uint8Array {
  const soft = blur(lumaOf(data, width, height), 1.2).data;
  const bytes = Uint8ClampedArray.from({ length: data.length }, (_, i) => soft[Math.floor(i / 3)]! + brighter);
  return new Uint8Array(bytes.buffer);
}

const mean = (values: Uint8Array): number => values.reduce((sum, value) => sum + value, 0) / values.length;
