import { fitWithin } from './fit-within.ts';
import type { Size } from './crop.ts';
import type { Picture } from './recent-photo.ts';
import { sniffPhoto, SNIFFED_BYTES } from './sniff-photo.ts';

/** A photo that is ready to be sent: upright, scaled down, JPEG, without anything but its pixels. */
export interface ReadPhoto extends Picture {
  readonly blob: Blob;
}

/** Why a file can't become a video. */
export type PhotoProblem = 'not-a-photo' | 'heic' | 'unreadable' | 'too-large' | 'too-small' | 'too-narrow';

/** A file that can't become a video; what to say about it is `photoMessage`'s. */
export class PhotoError extends Error {
  override readonly name = 'PhotoError';
  readonly problem: PhotoProblem;

  constructor(problem: PhotoProblem, options?: ErrorOptions) {
    super(`the photo is ${problem}`, options);
    this.problem = problem;
  }
}

/** Pixels of the longer side of what is sent: more than the model sees, and quick to send from a phone. */
const MOST_SIDE = 1536;
const QUALITY = 0.9;
/** Larger files are no photos of phones or cameras, and would take the memory of a phone. */
const MOST_BYTES = 100_000_000;
/** As the gateway has it. */
const LEAST_SIDE = 16;
const MOST_ASPECT = 8;

/**
 * Decodes a file in the browser and makes of it what is sent. HEIC works where the browser reads it (Safari does).
 *
 * @param file from an input, a drop, the clipboard or another app
 * @returns with an object URL, to be revoked when it is no longer shown
 * @throws {@link PhotoError}
 */
export async function readPhoto(file: Blob): Promise<ReadPhoto> {
  if (file.size > MOST_BYTES) throw new PhotoError('too-large');
  const source = await decode(file);
  try {
    checkSize(source.size);
    const size = fitWithin(source.size, MOST_SIDE);
    const blob = await encode(source.image, size);
    return { blob, url: URL.createObjectURL(blob), ...size };
  } finally {
    source.close();
  }
}

function checkSize({ width, height }: Size): void {
  if (Math.min(width, height) < LEAST_SIDE) throw new PhotoError('too-small');
  if (Math.max(width, height) > MOST_ASPECT * Math.min(width, height)) throw new PhotoError('too-narrow');
}

interface Decoded {
  readonly image: CanvasImageSource;
  readonly size: Size;
  close(): void;
}

async function decode(file: Blob): Promise<Decoded> {
  try {
    const bitmap = await createImageBitmap(file, { imageOrientation: 'from-image' });
    return { image: bitmap, size: bitmap, close: () => bitmap.close() };
  } catch {
    // What a browser can't make a bitmap of it may still show: Safari's HEIC, older browsers' everything.
    return decodeElement(file);
  }
}

async function decodeElement(file: Blob): Promise<Decoded> {
  const url = URL.createObjectURL(file);
  const close = (): void => URL.revokeObjectURL(url);
  const image = new Image();
  image.src = url;
  try {
    await image.decode();
    return { image, size: { width: image.naturalWidth, height: image.naturalHeight }, close };
  } catch (cause) {
    close();
    throw new PhotoError(await problemOf(file), { cause });
  }
}

async function problemOf(file: Blob): Promise<PhotoProblem> {
  try {
    const kind = sniffPhoto(new Uint8Array(await file.slice(0, SNIFFED_BYTES).arrayBuffer()));
    return kind === 'photo' ? 'unreadable' : kind === 'heic' ? 'heic' : 'not-a-photo';
  } catch {
    // The file is gone, or in a cloud that can't be reached.
    return 'unreadable';
  }
}

async function encode(image: CanvasImageSource, { width, height }: Size): Promise<Blob> {
  const canvas =
    typeof OffscreenCanvas === 'undefined' ? elementCanvas(width, height) : new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d', { alpha: false }) as CanvasRenderingContext2D | null;
  if (!context) throw new PhotoError('too-large');
  // What is transparent becomes white, as at the gateway.
  context.fillStyle = '#ffffff';
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = 'high';
  context.drawImage(image, 0, 0, width, height);
  const blob =
    'convertToBlob' in canvas
      ? await canvas.convertToBlob({ type: 'image/jpeg', quality: QUALITY })
      : await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/jpeg', QUALITY));
  if (!blob) throw new PhotoError('too-large');
  return blob;
}

function elementCanvas(width: number, height: number): HTMLCanvasElement {
  return Object.assign(document.createElement('canvas'), { width, height });
}
