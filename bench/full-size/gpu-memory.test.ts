import { gpuMemoryNeeds } from '@cinematica/svd';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { virtualCheckpoint } from './virtual-checkpoint.ts';

test('the GPU_MEMORY_MIB of the documentation gives SVD-XT the usual mode', async () => {
  const text = await readFile(join(import.meta.dirname, '../../docs/operations.md'), 'utf8');
  const documented = Number(/with `GPU_MEMORY_MIB=(\d+)` it computes in the usual mode/.exec(text)?.[1]);
  const needed = gpuMemoryNeeds(virtualCheckpoint).usual / 2 ** 20;
  expect(documented).toBeGreaterThanOrEqual(needed);
  expect(documented).toBeLessThan(needed + 1024);
});
