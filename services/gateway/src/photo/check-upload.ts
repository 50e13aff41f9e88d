import type { PhotoLimits } from './photo-limits.ts';
import { emptyError, tooLargeError, unsupportedError } from './photo-refusals.ts';
import { sniffFormat } from './sniff-format.ts';
import type { PhotoFormat } from './sniff-format.ts';

/**
 * Checks the size and the first bytes of an upload.
 * @param declaredType the media type that the sender declared, such as `image/png`. It is not trusted, and appears only in
 *   the message of UNSUPPORTED_FORMAT. Default: none.
 * @returns the format that the first bytes show.
 * @throws {@link PhotoError} EMPTY, TOO_LARGE, UNSUPPORTED_FORMAT
 */
export function checkUpload(
  bytes: Uint8Array,
  { maxBytes }: Pick<PhotoLimits, 'maxBytes'>,
  declaredType?: string,
): PhotoFormat {
  if (bytes.length === 0) throw emptyError();
  if (bytes.length > maxBytes) throw tooLargeError(bytes.length, maxBytes);
  const sniffed = sniffFormat(bytes);
  switch (sniffed.kind) {
    case 'photo':
      return sniffed.format;
    case 'other':
      throw unsupportedError(sniffed.name, declaredType);
  }
}
