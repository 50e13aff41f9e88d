import { expect, test } from 'vitest';
import { createPhotoSanitizer } from '../photo/photo-sanitizer.ts';
import { chart } from '../photo/test-photos.ts';
import { createMediaVerifier } from './media-verifier.ts';

test('a picture that takes too long to decode is refused for its time, not as unreadable', async () => {
  await using sanitizer = createPhotoSanitizer({ limits: { timeoutMs: 700 } });
  await sanitizer.ready();
  const verifier = createMediaVerifier({ keys: [], roots: { own: [], others: [], clocks: [] } }, sanitizer);
  // The process that would decode it stands still.
  process.kill(sanitizer.pids[0]!, 'SIGSTOP');
  const checked = verifier.verify(await chart().png().toBuffer(), new AbortController().signal);
  await expect(checked).rejects.toMatchObject({
    name: 'MediaError',
    reason: 'TIMEOUT',
    message: expect.stringContaining('within 0.7 s') as string,
  });
});
