import { NO_ROOTS } from '@cinematica/credentials';
import { expect, test, vi } from 'vitest';
import { checkCredentials } from './check-credentials.ts';
import { tooComplexError } from './media-error.ts';
import { runInThread } from './run-in-thread.ts';

vi.mock('./run-in-thread.ts', () => ({ runInThread: vi.fn() }));

const check = () => checkCredentials(Buffer.from('jumdc2pa'), NO_ROOTS, new AbortController().signal);

test('credentials that take too much memory are invalid, so that the mark of the file is reported', async () => {
  vi.mocked(runInThread).mockRejectedValueOnce(tooComplexError(null));
  expect(await check()).toEqual({ state: 'invalid', reasons: ['general.error'], signer: null });
});

test('a thread that fails is an error', async () => {
  vi.mocked(runInThread).mockRejectedValueOnce(new Error('no thread'));
  await expect(check()).rejects.toThrow('no thread');
});
