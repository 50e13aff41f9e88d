import { join } from 'node:path';
import { expect, test } from 'vitest';
import { NONE_REPLACED } from '../nn/fused-operators.ts';
import { openCheckpoint } from '../pipeline/open-checkpoint.ts';
import type { ExecutionProvider } from '../runtime/execution-provider.ts';
import { GraphError } from '../runtime/runtime-errors.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { compareSpeeds } from './compare-speeds.ts';

const TINY = join(import.meta.dirname, '../../../../test/golden/tiny/checkpoint');

test('the comparison is kept unless a GPU was not timed, for graphs without the same operators', async () => {
  const model = { checkpoint: await openCheckpoint(TINY), digest: 'tiny' };
  const outOfMemory = new GraphError('timed step', 'cannot load', 'out of memory');
  const runtime = (provider: ExecutionProvider, fails: boolean, replaced = NONE_REPLACED) =>
    ({
      ...{ provider, replaced },
      load: () => (fails ? Promise.reject(outOfMemory) : Promise.resolve()),
      run: () => Promise.resolve({}),
      unload: () => Promise.resolve(),
    }) as Partial<Runtime> as Runtime;
  const keysOf = async (...runtimes: Runtime[]) => {
    const keys: string[] = [];
    const store = {
      read: () => Promise.resolve(null),
      write: (key: object) => Promise.resolve(void keys.push(JSON.stringify(key))),
    };
    const identify = (provider: ExecutionProvider) => Promise.resolve({ provider });
    await compareSpeeds(runtimes, model, { env: {}, store, identify });
    return keys;
  };
  expect(await keysOf(runtime('cuda', true), runtime('cpu', false))).toEqual([]);
  const [key] = await keysOf(runtime('cuda', false), runtime('cpu', true));
  expect(key).toBeDefined();
  const [other] = await keysOf(runtime('cuda', false, new Set(['MultiHeadAttention'])), runtime('cpu', false));
  expect(other).not.toBe(key);
});
