import { keptPhotoSize } from '@cinematica/settings/photo-size';
import type { Size } from './crop.ts';
import { keepHeic } from './keep-heic.ts';
import type { Picture } from './recent-photo.ts';
import { sniffPhoto, SNIFFED_BYTES } from './sniff-photo.ts';

/** A photo that is ready to be uploaded: an upright, scaled-down JPEG without metadata, or a HEIC file as it is. */
export interface ReadPhoto extends Picture {
  readonly blob: Blob;
}

/** Why a file can't be used as a photo. */
export type PhotoProblem = 'not-a-photo' | 'heic' | 'unreadable' | 'too-large' | 'too-small';

/** A file can't be used as a photo. `photoMessage` has the user's message. */
export class PhotoError extends Error {
  override readonly name = 'PhotoError';
  readonly problem: PhotoProblem;

  constructor(problem: PhotoProblem, options?: ErrorOptions) {
    super(`the photo is ${problem}`, options);
    this.problem = problem;
  }
}

const JPEG_QUALITY = 0.9;
/** Photos of phones and cameras are smaller; a larger file could use up a phone's memory. */
const MAX_BYTES = 100_000_000;
/** The gateway's limit of the shortest side in pixels. */
const MIN_SIDE = 16;

/**
 * Decodes a file in the browser, scales it down and encodes it as JPEG. A HEIC photo that the browser cannot decode, unlike
 * Safari, is kept as it is.
 *
 * @param file from a file input, drag and drop, the clipboard or another app
 * @returns with an object URL; the caller revokes it
 * @throws {@link PhotoError}
 */
export async function readPhoto(file: Blob): Promise<ReadPhoto> {
  if (file.size > MAX_BYTES) throw new PhotoError('too-large');
  let source: Decoded;
  try {
    source = await decode(file);
  } catch (error) {
    const kept = error instanceof PhotoError && error.problem === 'heic' ? await keepHeic(file) : null;
    if (kept === null) throw error;
    checkSize(kept);
    return kept;
  }
  try {
    // As large as the gateway keeps it, for the details of the video.
    const size = keptPhotoSize(source.size);
    checkSize(size);
    const blob = await encode(source.image, size);
    return { blob, url: URL.createObjectURL(blob), ...size };
  } finally {
    source.close();
  }
}

function checkSize({ width, height }: Size): void {
  if (Math.min(width, height) < MIN_SIDE) throw new PhotoError('too-small');
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
    // Some browsers can decode a file only in an image element, such as HEIC in Safari.
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
    throw new PhotoError(await diagnose(file), { cause });
  }
}

/** Why a file could not be decoded, judged by its first bytes. */
async function diagnose(file: Blob): Promise<PhotoProblem> {
  try {
    const kind = sniffPhoto(new Uint8Array(await file.slice(0, SNIFFED_BYTES).arrayBuffer()));
    return kind === 'photo' ? 'unreadable' : kind === 'heic' ? 'heic' : 'not-a-photo';
  } catch {
    // The file was deleted, or is in a cloud folder that is offline.
    return 'unreadable';
  }
}

async function encode(image: CanvasImageSource, { width, height }: Size): Promise<Blob> {
  const canvas =
    typeof OffscreenCanvas === 'undefined' ? elementCanvas(width, height) : new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d', { alpha: false }) as CanvasRenderingContext2D | null;
  if (!context) throw new PhotoError('too-large');
  // Transparent pixels become white, as in the gateway.
  context.fillStyle = '#ffffff';
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = 'high';
  context.drawImage(image, 0, 0, width, height);
  const blob =
    'convertToBlob' in canvas
      ? await canvas.convertToBlob({ type: 'image/jpeg', quality: JPEG_QUALITY })
      : await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/jpeg', JPEG_QUALITY));
  if (!blob) throw new PhotoError('too-large');
  return blob;
}

function elementCanvas(width: number, height: number): HTMLCanvasElement {
  return Object.assign(document.createElement('canvas'), { width, height });
}
