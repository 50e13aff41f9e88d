import type { Runtime } from '@cinematica/svd';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { startProvider } from './providers.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const runtime = {
  provider: 'webgpu',
  replaced: new Set(),
  skipped: [],
  close: () => Promise.resolve(),
} as never as Runtime;

test('each provider has time for its proof, although the one before has taken all of its own', async () => {
  const started = startProvider(
    (onProgress) =>
      new Promise((resolve) => {
        for (const time of [1_000, 185_000]) setTimeout(onProgress, time);
        setTimeout(() => resolve(runtime), 360_000);
      }),
  );
  await vi.advanceTimersByTimeAsync(360_000);
  expect(await started).toMatchObject({ provider: 'webgpu', reason: '' });
});

test('a provider that hangs is reported', async () => {
  const started = startProvider(() => new Promise(() => undefined));
  await vi.advanceTimersByTimeAsync(210_000);
  expect(await started).toMatchObject({ provider: null, reason: 'did not start in 210 s' });
});
