import { Code, reasonOf } from '@cinematica/protocol';
import { ErrorReason } from '@cinematica/protocol/v1';
import { expect, test } from 'vitest';
import { damagedError, timeoutError } from '../photo/photo-refusals.ts';
import { MediaError, tooSlowError } from '../provenance/media-error.ts';
import { refusalOf } from './errors.ts';

test.each([
  ['a photo that is damaged', damagedError(null), ErrorReason.IMAGE_UNREADABLE],
  ['a photo that takes too long', timeoutError(10_000), ErrorReason.IMAGE_TIMEOUT],
  ['a file that is empty', new MediaError('UNREADABLE', 'The file is empty.'), ErrorReason.MEDIA_UNREADABLE],
  ['a file that takes too long', tooSlowError(null), ErrorReason.MEDIA_TIMEOUT],
])('%s has a reason of its own, and the message says what to do', (_, error, reason) => {
  const refusal = refusalOf(error);
  expect([refusal.code, reasonOf(refusal), refusal.message]).toEqual([Code.INVALID_ARGUMENT, reason, error.message]);
});
