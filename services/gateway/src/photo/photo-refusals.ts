import { PhotoError } from './photo-error.ts';

const FORMATS = 'JPEG, PNG, WebP, AVIF or HEIC';

export function emptyError(): PhotoError {
  return new PhotoError('EMPTY', 'The photo is empty. Choose it again and send it again.');
}

export function tooLargeError(bytes: number, most: number): PhotoError {
  const size = `The photo has ${megas(bytes)} MB; at most ${megas(most)} MB are accepted`;
  return new PhotoError('TOO_LARGE', `${size}. Make it smaller, or save it as a JPEG, and send it again.`);
}

/** @param codec such as `VVC`; null when unknown. */
export function heifCodecError(codec: string | null, options?: ErrorOptions): PhotoError {
  const hint = 'Save it as a JPEG, or take a screenshot of it, and send that';
  const message = `The codec of this HEIF photo${codec === null ? '' : ` (${codec})`} can't be read here. ${hint}.`;
  return new PhotoError('HEIF_CODEC_UNSUPPORTED', message, options);
}

/** @param transfer such as `PQ`. */
export function hdrError(transfer: string): PhotoError {
  const hint = 'Save it in standard dynamic range (SDR), for example as a JPEG, and send it again';
  return new PhotoError(
    'UNSUPPORTED_FORMAT',
    `This photo is HDR (${transfer}), and its colours can't be shown here. ${hint}.`,
  );
}

/**
 * @param name what the file is, such as `a PDF`; null when unknown.
 * @param declaredType the media type that the sender declared. It appears in the message if it is well-formed. Default: none.
 */
export function unsupportedError(name: string | null, declaredType = ''): PhotoError {
  const declared = /^[\w.+-]{1,30}\/[\w.+-]{1,60}$/.test(declaredType) ? `, sent as ${declaredType},` : '';
  const what = name ?? 'not a photo that can be read';
  return new PhotoError('UNSUPPORTED_FORMAT', `This file${declared} is ${what}. Send a ${FORMATS} photo.`);
}

export function tooManyPixelsError(size: string, most: number): PhotoError {
  const limit = `at most ${megas(most)} megapixels are accepted`;
  return new PhotoError('TOO_MANY_PIXELS', `The photo has ${size}; ${limit}. Make it smaller and send it again.`);
}

/** @param size such as `40×30 pixels`; left out when unknown. */
export function tooMuchMemoryError(size?: string): PhotoError {
  const which = size === undefined ? '' : `, of ${size},`;
  const hint = 'Make it smaller, or save it as a plain JPEG, and send it again';
  return new PhotoError('TOO_MANY_PIXELS', `The photo${which} takes too much memory to be opened. ${hint}.`);
}

export function tooSmallError(size: string, least: number): PhotoError {
  return new PhotoError('TOO_SMALL', `The photo has ${size}; each side needs at least ${least}. Send a larger one.`);
}

export function tooNarrowError(size: string): PhotoError {
  return new PhotoError('TOO_SMALL', `The photo, of ${size}, is too narrow for a video. Crop it and send it again.`);
}

export function damagedError(cause: unknown): PhotoError {
  const hint = 'Send it again, or open it, save a copy and send the copy';
  return new PhotoError('TRUNCATED', `The photo is damaged or cut off. ${hint}.`, { cause });
}

export function timeoutError(milliseconds: number): PhotoError {
  const hint = 'Make it smaller, or save it as a plain JPEG, and send it again';
  return new PhotoError('TIMEOUT', `The photo could not be opened within ${milliseconds / 1000} s. ${hint}.`);
}

/** The number in millions, rounded up to hundredths, so that a value over a limit never looks equal to it. */
function megas(count: number): number {
  return Math.ceil(count / 1e4) / 100;
}
