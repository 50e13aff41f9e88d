import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { crc32, deflateSync } from 'node:zlib';
import { readHeif } from '@cinematica/settings/heif-properties';
import sharp from 'sharp';
import type { Sharp } from 'sharp';
import type { HeicAnswer, HeicRequest } from './heic-worker.ts';
import type { PhotoLimits } from './photo-limits.ts';
import { damagedError, heifCodecError } from './photo-refusals.ts';

/** Primaries of Display P3 (ISO/IEC 23091-2). */
const DISPLAY_P3 = 12;

/**
 * Decodes the primary image of a HEIC file: upright, scaled down to the limits, composed of its tiles. It must only be called
 * in the photo process.
 * @returns an image in sRGB.
 * @throws {@link PhotoError} TRUNCATED, HEIF_CODEC_UNSUPPORTED
 */
export async function decodeHeic(bytes: Uint8Array, limits: PhotoLimits): Promise<Sharp> {
  const { maxResultSide, maxResultPixels } = limits;
  const workerData: HeicRequest = { bytes, maxResultSide, maxResultPixels };
  const worker = new Worker(new URL('./heic-worker.ts', import.meta.url), { workerData });
  let answer: HeicAnswer;
  try {
    const ended = once(worker, 'exit').then(() => {
      throw new Error('the decoder ended without an answer');
    });
    [answer] = (await Promise.race([once(worker, 'message'), ended])) as [HeicAnswer];
  } catch (cause) {
    throw damagedError(cause);
  } finally {
    await worker.terminate();
  }
  if (answer.kind === 'failed') {
    const cause = new Error(answer.message);
    throw answer.unsupported ? heifCodecError('a kind of HEVC', { cause }) : damagedError(cause);
  }
  const { pixels, width, height, channels } = answer;
  const raw = sharp(pixels, { raw: { width, height, channels } });
  const profile = answer.profile ?? (await profileOf(readHeif(bytes)?.colour?.primaries));
  if (!profile) return raw;
  // Only an encoded image can have a profile.
  return sharp(pngWithProfile(pixels, width, height, channels, profile)).toColourspace('srgb');
}

/** A profile for primaries that are not those of sRGB; null for the others. */
async function profileOf(primaries: number | undefined): Promise<Uint8Array | null> {
  if (primaries !== DISPLAY_P3) return null;
  const pixel = sharp({ create: { width: 1, height: 1, channels: 3, background: '#fff' } });
  const { icc = null } = await sharp(await pixel.withIccProfile('p3').png().toBuffer()).metadata();
  return icc;
}

/** Writes a PNG without compression, which is read again in the same process (PNG, third edition, section 11). */
function pngWithProfile(
  pixels: Uint8Array,
  width: number,
  height: number,
  channels: 3 | 4,
  profile: Uint8Array,
): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, channels === 4 ? 6 : 2], 8);
  const rowBytes = width * channels;
  // Each row begins with the number of its filter, which is none.
  const rows = Buffer.alloc(height * (1 + rowBytes));
  for (let y = 0; y < height; y++) {
    rows.set(pixels.subarray(y * rowBytes, (y + 1) * rowBytes), y * (1 + rowBytes) + 1);
  }
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    chunk('iCCP', Buffer.concat([Buffer.from('icc\0\0', 'latin1'), deflateSync(profile)])),
    chunk('IDAT', deflateSync(rows, { level: 0 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, body: Uint8Array): Buffer {
  const typed = Buffer.concat([Buffer.from(type, 'latin1'), body]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(body.length);
  sum.writeUInt32BE(crc32(typed));
  return Buffer.concat([length, typed, sum]);
}
