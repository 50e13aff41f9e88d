import sharp from 'sharp';
import type { RgbImage } from './image.ts';
import { ImageError } from './image-error.ts';

/**
 * Encodes images of one size as an animated WebP that loops forever, or a single image as a still WebP.
 * @param frameMs duration of each frame in milliseconds
 * @throws ImageError when there are no frames
 */
export async function animatedWebp(frames: readonly RgbImage[], frameMs: number): Promise<Uint8Array> {
  const [first] = frames;
  if (!first) throw new ImageError('there are no frames to animate');
  const { width, height } = first;
  const strip = Buffer.concat(frames.map(({ data }) => data));
  const raw = { width, height: height * frames.length, channels: 3 as const, pageHeight: height };
  const encoded = await sharp(strip, { raw })
    .webp({ quality: 80, effort: 1, loop: 0, delay: frames.map(() => frameMs) })
    .toBuffer();
  return new Uint8Array(encoded.buffer, encoded.byteOffset, encoded.length);
}
