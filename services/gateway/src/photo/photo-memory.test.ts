import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { animatedWebp, blackPng, greyJpeg } from './test-photos.ts';

const flat = (width: number, height: number) => sharp({ create: { width, height, channels: 3, background: '#468' } });

/** The photos of each kind that need the most memory, and decompression bombs. */
const photos: readonly (readonly [string, () => Promise<Buffer> | Buffer])[] = [
  ['2236×2236', () => blackPng(7070, 7070, { interlaced: true, bits: 16 })],
  ['2236×2236', () => flat(7070, 7070).jpeg({ progressive: true, chromaSubsampling: '4:4:4' }).toBuffer()],
  ['2236×2236', () => animatedWebp(7070, 7070, 200)],
  ['2236×2236', () => flat(3500, 3500).avif({ bitdepth: 10, chromaSubsampling: '4:4:4', effort: 0 }).toBuffer()],
  ['2236×2236', () => blackPng(6320, 6320, { interlaced: true, bits: 16, channels: 4 })],
  ['2560×1920', () => readFileSync(new URL('fixtures/48-megapixels.heic', import.meta.url))],
  ['2236×2236', () => greyJpeg(14_000, 14_000)],
  ['TOO_MANY_PIXELS', () => blackPng(7070, 7070, { interlaced: true, bits: 16, channels: 4 })],
  ['TOO_MANY_PIXELS', () => blackPng(30_000, 30_000)],
  ['TOO_LARGE', () => Buffer.alloc(13e6)],
];

test.runIf(process.platform === 'linux')(
  'the gateway and the photo process use at most 500 MB more than when they are idle',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'photo-memory-'));
    try {
      const files: string[] = [];
      for (const [i, [, make]] of photos.entries()) {
        const file = join(folder, `${i}`);
        await writeFile(file, await make());
        files.push(file);
      }
      const parent = fileURLToPath(new URL('./test-parent.ts', import.meta.url));
      const { stdout } = await promisify(execFile)(process.execPath, [parent, ...files]);
      const { outcomes, grown, childGrown, together } = JSON.parse(stdout) as {
        readonly outcomes: readonly string[];
        readonly grown: number;
        readonly childGrown: number;
        readonly together: number;
      };
      console.info(
        `photos: the gateway grew by ${grown} MB, the photo process by ${childGrown} MB, both by ${together} MB`,
      );
      expect(outcomes).toEqual(photos.map(([outcome]) => outcome));
      // The uploads have up to 13 MB each, and some of them have not been garbage-collected yet.
      expect(grown).toBeLessThan(60);
      expect(together).toBeLessThan(500);
    } finally {
      await rm(folder, { recursive: true });
    }
  },
  180_000,
);
