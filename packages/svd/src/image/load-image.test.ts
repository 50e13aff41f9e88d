import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RgbImage } from './image.ts';
import { ImageError } from './image-error.ts';
import { loadImage } from './load-image.ts';

const WIDTH = 48;
const HEIGHT = 32;
const LEFT = [200, 60, 40] as const;
const RIGHT = [30, 90, 180] as const;

/** An image with a red left half and a blue right half. */
const picture = () => {
  const data = Uint8Array.from({ length: WIDTH * HEIGHT * 3 }, (_, i) => {
    const colour = Math.floor(i / 3) % WIDTH < WIDTH / 2 ? LEFT : RIGHT;
    return colour[i % 3]!;
  });
  return sharp(data, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } });
};

const pixel = ({ width, data }: RgbImage, x: number, y: number) => [
  ...data.slice((y * width + x) * 3, (y * width + x) * 3 + 3),
];

const close = (actual: readonly number[], expected: readonly number[], tolerance: number) =>
  expect(Math.max(...actual.map((value, i) => Math.abs(value - expected[i]!)))).toBeLessThanOrEqual(tolerance);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'load-image-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('loadImage', () => {
  test.each<[string, () => Promise<Buffer>, number]>([
    ['an RGB PNG', () => picture().png().toBuffer(), 0],
    ['16 bits', () => picture().toColourspace('rgb16').png().toBuffer(), 1],
    ['a palette', () => picture().png({ palette: true }).toBuffer(), 6],
    ['a CMYK JPEG', () => picture().toColourspace('cmyk').jpeg({ quality: 100 }).toBuffer(), 30],
    ['a color profile of a wider color space', () => picture().withIccProfile('p3').png().toBuffer(), 3],
    ['WebP', () => picture().webp({ lossless: true }).toBuffer(), 0],
    ['AVIF', () => picture().avif({ lossless: true }).toBuffer(), 6],
  ])('reads %s as 8-bit sRGB', async (_, make, tolerance) => {
    const image = await loadImage(await make());
    expect([image.width, image.height, image.data.length]).toEqual([WIDTH, HEIGHT, WIDTH * HEIGHT * 3]);
    close(pixel(image, 4, 16), LEFT, tolerance);
    close(pixel(image, WIDTH - 5, 16), RIGHT, tolerance);
  });

  test('applies the EXIF orientation', async () => {
    const file = join(folder, 'turned.jpg');
    await writeFile(file, await picture().withMetadata({ orientation: 6 }).jpeg({ quality: 100 }).toBuffer());
    const image = await loadImage(file);
    expect([image.width, image.height]).toEqual([HEIGHT, WIDTH]);
    // Orientation 6 rotates the stored image by 90° clockwise: its left side is on top.
    close(pixel(image, 16, 4), LEFT, 4);
    close(pixel(image, 16, WIDTH - 5), RIGHT, 4);
  });

  test('converts grey to RGB, and shows transparent parts on white', async () => {
    const grey = await loadImage(
      await sharp(Buffer.alloc(400, 77), { raw: { width: 20, height: 20, channels: 1 } })
        .png()
        .toBuffer(),
    );
    expect(pixel(grey, 3, 3)).toEqual([77, 77, 77]);
    const glass = { width: 20, height: 20, channels: 4, background: { r: 9, g: 9, b: 9, alpha: 0 } } as const;
    expect(pixel(await loadImage(await sharp({ create: glass }).png().toBuffer()), 3, 3)).toEqual([255, 255, 255]);
  });

  test('returns the first frame of an animation', async () => {
    const frames = [LEFT, RIGHT].map(([r, g, b]) => ({
      create: { width: 20, height: 20, channels: 3 as const, background: { r, g, b } },
    }));
    const pages = await Promise.all(frames.map((frame) => sharp(frame).png().toBuffer()));
    const image = await loadImage(
      await sharp(pages, { join: { animated: true } })
        .webp({ lossless: true })
        .toBuffer(),
    );
    expect([image.width, image.height]).toEqual([20, 20]);
    close(pixel(image, 10, 10), LEFT, 1);
  });

  test('reports the file and the reason in one line', async () => {
    const reject = async (source: string | Uint8Array, message: RegExp, options = {}) => {
      const error = await loadImage(source, options).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error).toBeInstanceOf(ImageError);
      expect((error as ImageError).message).toMatch(message);
      expect((error as ImageError).message).not.toContain('\n');
    };
    const noise = Uint8Array.from({ length: 200 * 200 * 3 }, (_, i) => (i * i) % 251);
    const busy = sharp(noise, { raw: { width: 200, height: 200, channels: 3 } });
    const [jpeg, png] = [await busy.jpeg().toBuffer(), await busy.png().toBuffer()];

    await reject(join(folder, 'none.jpg'), /none\.jpg: no such file$/);
    await reject(folder, /: this is a folder/);
    await reject(new Uint8Array(0), /^upload: the file is empty$/, { name: 'upload' });
    await reject(Buffer.from('not a picture at all'), /^the image: not a supported image/);
    await reject(
      Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="90" height="90"/>'),
      /: svg is not supported/,
    );
    await reject(jpeg.subarray(0, jpeg.length / 2), /: the jpeg file is damaged or truncated \(.+\)$/);
    await reject(png.subarray(0, png.length / 2), /: the png file is damaged or truncated \(.+\)$/);
    await reject(png, /: 200×200 pixels are too many; the limit is 0.03 megapixels$/, { maxPixels: 30_000 });
    await reject(png, /: 200×200 pixels are too few; each side must have at least 300$/, { minSide: 300 });
  });

  test('stops when aborted', async () => {
    await expect(loadImage(await picture().png().toBuffer(), {}, AbortSignal.abort())).rejects.toThrow(/abort/i);
  });
});
