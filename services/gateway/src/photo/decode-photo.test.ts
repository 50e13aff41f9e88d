import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { decodePhoto, restrictDecoders } from './decode-photo.ts';
import { PHOTO_LIMITS } from './photo-limits.ts';
import { animatedGif, chart } from './test-photos.ts';

// The first bytes are checked before. This protects against files that look different to that check and to libvips.
test('only four decoders are enabled, and none of them opens files', async () => {
  const [jpeg, tiff] = [await chart().jpeg().toBuffer(), await chart().tiff().toBuffer()];
  const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"/>');
  const others = [tiff, svg, animatedGif(64, 64, 1), Buffer.from('%PDF-1.4\n')];
  const folder = await mkdtemp(join(tmpdir(), 'decode-photo-'));
  try {
    const file = join(folder, 'photo.jpg');
    await writeFile(file, jpeg);
    expect((await sharp(svg).metadata()).format).toBe('svg');
    expect((await sharp(file).metadata()).format).toBe('jpeg');

    restrictDecoders();
    for (const bytes of others) {
      await expect(decodePhoto(bytes, 'jpeg', PHOTO_LIMITS)).rejects.toMatchObject({ reason: 'TRUNCATED' });
    }
    await expect(sharp(file).metadata()).rejects.toThrow(/unsupported|blocked/);
    expect(await decodePhoto(jpeg, 'jpeg', PHOTO_LIMITS)).toMatchObject({ width: 64, height: 48 });
  } finally {
    await rm(folder, { recursive: true });
  }
});
