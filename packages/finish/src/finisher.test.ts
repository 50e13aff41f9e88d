import { describe, expect, test } from 'vitest';
import { finishedFrames, finishFrames } from './finisher.ts';
import type { FinishOptions } from './finisher.ts';
import { resizeLanczos } from './image/resize.ts';
import { greyPicture, texture } from './testing/texture.ts';

const [width, height, outWidth, outHeight] = [64, 48, 128, 96];
const sizes = { width, height, outWidth, outHeight };
const scene = greyPicture(texture(256, 192));

/** The part of the scene that a camera shows that moves to the right; it starts `left` pixels from the scene's left border. */
function view(left: number, top = 32) {
  const data = new Uint8Array(3 * outWidth * outHeight);
  for (let y = 0; y < outHeight; y++) {
    const from = 3 * ((top + y) * scene.width + left);
    data.set(scene.data.subarray(from, from + 3 * outWidth), 3 * y * outWidth);
  }
  return { width: outWidth, height: outHeight, data };
}

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

function smallOf(picture: ReturnType<typeof greyPicture>): Uint8Array {
  return new Uint8Array(Uint8ClampedArray.from(resizeLanczos(picture, width, height)).buffer);
}
