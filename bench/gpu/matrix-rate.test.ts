import { expect, test } from 'vitest';
import { createRuntime } from '@cinematica/svd';
import { matrixChain } from './matrix-rate.ts';

test('a chain of random matrix products stays finite, and differs in every run', async () => {
  await using runtime = await createRuntime({ provider: 'cpu', threads: 1 });
  await runtime.load('chain', { bytes: matrixChain(64, 20), folder: null });
  const results: number[] = [];
  for (let run = 0; run < 3; run++) {
    const { y } = await runtime.run('chain', {});
    results.push(Number(y?.data[0]));
  }
  expect(results.every((value) => Number.isFinite(value) && value !== 0)).toBe(true);
  expect(new Set(results).size).toBe(3);
});
