import { devNull } from 'node:os';
import { expect, test } from 'vitest';
import { convertFiles, SILENT_INPUT } from './ffmpeg.ts';

/** It never ends by itself. */
const ENDLESS = { inputs: [SILENT_INPUT], file: devNull, options: ['-f', 'null'] };

test('a conversion that is aborted before ffmpeg has started ends with the reason', async () => {
  const stopped = new AbortController();
  const conversion = convertFiles({ ...ENDLESS, timeoutMs: 60_000 }, stopped.signal);
  stopped.abort(new Error('stopped'));
  await expect(conversion).rejects.toThrow('stopped');
});

test('a conversion that takes too long is killed, also when ffmpeg has not started yet', async () => {
  const conversion = convertFiles({ ...ENDLESS, timeoutMs: 1 }, new AbortController().signal);
  await expect(conversion).rejects.toThrow('ffmpeg did not finish within 0.001 s');
});
