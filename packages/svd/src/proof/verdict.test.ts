import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createFindingStore } from './finding-store.ts';
import { describeWrong, isLasting, verdictSchema } from './verdict.ts';
import type { Verdict } from './verdict.ts';

const notFinite: Verdict = { replaced: [], wrong: [{ part: 'CLIP', error: Infinity }] };
const failed: Verdict = { replaced: [], wrong: [{ part: 'VAE decode', error: 'out of memory' }] };

test('a result that is not finite is kept; what was found while a part was not computed is not', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'verdict-'));
  try {
    const store = createFindingStore(folder);
    await store.write({ device: 1 }, notFinite);
    expect(await store.read({ device: 1 }, verdictSchema)).toEqual(notFinite);
  } finally {
    await rm(folder, { recursive: true });
  }
  const { wrong: failures } = failed;
  expect(isLasting({ ...notFinite, failures: [] })).toBe(true);
  expect(isLasting({ ...failed, failures })).toBe(false);
  expect(isLasting({ replaced: ['MultiHeadAttention'], wrong: [], failures })).toBe(false);
  expect(isLasting({ replaced: [], wrong: [], failures })).toBe(true);
});

test('wrong numbers and what cannot be computed are told apart', () => {
  expect(describeWrong([{ part: 'attention', error: 1.234 }, ...notFinite.wrong, ...failed.wrong])).toBe(
    'it gives wrong numbers on this device (attention by 1.2 standard deviations; CLIP: the result is not finite), and ' +
      'it cannot compute on this device (VAE decode: out of memory)',
  );
  expect(describeWrong(failed.wrong)).toBe('it cannot compute on this device (VAE decode: out of memory)');
});
