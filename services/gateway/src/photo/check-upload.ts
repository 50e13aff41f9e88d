import type { PhotoLimits } from './photo-limits.ts';
import { emptyError, heicError, tooLargeError, unsupportedError } from './photo-refusals.ts';
import { sniffFormat } from './sniff-format.ts';
import type { PhotoFormat } from './sniff-format.ts';

/**
 * Refuses what can be told from the size and the first bytes alone.
 *
 * @param declaredType what the sender calls it, such as `image/png`: never believed, only repeated in the refusal of
 *   something that is no photo at all
 * @throws {@link PhotoError} EMPTY, TOO_LARGE, HEIC_NOT_SUPPORTED, UNSUPPORTED_FORMAT
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
    case 'heic':
      throw heicError();
    case 'other':
      throw unsupportedError(sniffed.name, declaredType);
  }
}
