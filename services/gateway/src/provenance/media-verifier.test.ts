import { NO_ROOTS } from '@cinematica/credentials';
import { expect, test } from 'vitest';
import { PhotoError } from '../photo/photo-error.ts';
import { MediaError, MediaWaitingError } from './media-error.ts';
import { MEDIA_LIMITS } from './media-limits.ts';
import { createMediaVerifier } from './media-verifier.ts';

const never = new AbortController().signal;
const file = new TextEncoder().encode('a file');

test('one client cannot take the turns of the others', async () => {
  const turn = Promise.withResolvers<never>();
  const verifier = createMediaVerifier({ keys: [], roots: NO_ROOTS }, { sanitize: () => turn.promise });
  const check = (client: string) => verifier.verify(file, never, client);
  const mine = Array.from({ length: MEDIA_LIMITS.maxPerClient }, () => check('me'));
  await expect(check('me')).rejects.toThrow(MediaWaitingError);
  const other = check('somebody else');
  turn.reject(new PhotoError('TRUNCATED', 'The file is damaged.'));
  for (const each of [...mine, other]) await expect(each).rejects.toThrow(MediaError);
  // Their turns are over.
  await expect(check('me')).rejects.toThrow(MediaError);
});

test('not more than so many files wait', async () => {
  const turn = Promise.withResolvers<never>();
  const verifier = createMediaVerifier({ keys: [], roots: NO_ROOTS }, { sanitize: () => turn.promise });
  const calls = Array.from({ length: 1 + MEDIA_LIMITS.maxWaiting }, (_, i) => verifier.verify(file, never, `${i}`));
  await expect(verifier.verify(file, never, 'late')).rejects.toThrow(MediaWaitingError);
  turn.reject(new PhotoError('TRUNCATED', 'The file is damaged.'));
  for (const each of calls) await expect(each).rejects.toThrow('The file is damaged.');
});
