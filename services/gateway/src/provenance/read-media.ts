import type { GrayPicture } from '@cinematica/provenance';
import sharp from 'sharp';
import { sniffFormat } from '../photo/sniff-format.ts';
import { PhotoError } from '../photo/photo-error.ts';
import type { PhotoSanitizer } from '../photo/photo-sanitizer.ts';
import { MediaError } from './media-error.ts';
import { readVideo } from './read-video.ts';
import type { VideoContainer } from './read-video.ts';

/** What a file shows. */
export interface ReadMedia {
  readonly kind: 'video' | 'picture';
  /** Groups of pictures of the same size, each with at least one. A group is read when it is asked for. */
  readonly groups: AsyncIterable<readonly GrayPicture[]>;
}

/** Who decodes a picture, and for whom. */
export interface PictureDecoding {
  readonly sanitizer: Pick<PhotoSanitizer, 'sanitize'>;
  /** The address of the sender. */
  readonly client: string;
  /** Called when decoding begins, after the picture has waited for those of others. */
  readonly onTurn: () => void;
}

/**
 * Reads the pictures of an untrusted file: an MP4, MOV, WebM or Matroska video, or a JPEG, PNG, WebP, AVIF or HEIC picture.
 * @param maxBytes the maximum size of the file.
 * @throws MediaError when it is another file, or is too large or damaged; what `readVideo` and `sanitize` throw.
 */
export function readMedia(
  bytes: Uint8Array,
  decoding: PictureDecoding,
  signal: AbortSignal,
  maxBytes: number,
): ReadMedia {
  if (bytes.length === 0) throw new MediaError('UNREADABLE', 'The file is empty.');
  if (bytes.length > maxBytes) {
    const limit = `The file has more than ${maxBytes / 1e6} MB`;
    throw new MediaError('UNREADABLE', `${limit}. Take a shorter part of it, or a screenshot.`);
  }
  const container = videoContainer(bytes);
  if (container) return { kind: 'video', groups: readVideo(bytes, container, signal) };
  return { kind: 'picture', groups: readPicture(bytes, decoding, signal) };
}

/** A photo process decodes the picture. Its JPEG is safe to decode here. */
async function* readPicture(
  bytes: Uint8Array,
  { sanitizer, client, onTurn }: PictureDecoding,
  signal: AbortSignal,
): AsyncGenerator<readonly GrayPicture[], void, undefined> {
  try {
    const { jpeg } = await sanitizer.sanitize(bytes, { client, signal, onTurn });
    const { data, info } = await sharp(jpeg).grayscale().raw().toBuffer({ resolveWithObject: true });
    yield [{ width: info.width, height: info.height, data }];
  } catch (cause) {
    if (!(cause instanceof PhotoError)) throw cause;
    const reason = cause.reason === 'TIMEOUT' ? 'TIMEOUT' : 'UNREADABLE';
    const isOther = cause.reason === 'UNSUPPORTED_FORMAT';
    const message =
      'This is neither a video (MP4, MOV, WebM) nor a picture (JPEG, PNG, WebP, AVIF, HEIC) that can be read.';
    throw new MediaError(reason, isOther ? message : cause.message, { cause });
  }
}

/** The container of a video, by its first bytes; null for other files. */
function videoContainer(bytes: Uint8Array): VideoContainer | null {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 12)).toString('latin1');
  if (head.startsWith('\x1a\x45\xdf\xa3')) return 'matroska';
  if (head.slice(4, 8) !== 'ftyp') return null;
  // The major brand decides: a video may list `mif1`, the brand of HEIF pictures, as a compatible one.
  if (/^(?:isom|iso\d|mp4\d|M4V |qt {2})$/.test(head.slice(8, 12))) return 'mov';
  return sniffFormat(bytes).kind === 'other' ? 'mov' : null;
}
