import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createComputeLock } from '../../../../scripts/launch/compute-lock.ts';
import { UnavailableError } from '../unavailable.ts';
import { createComputeTurns } from './compute-turns.ts';

test('one at a time, in order; one that gives up waiting or fails holds nobody up', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cinematica-turns-'));
  const path = join(folder, 'lock');
  const turns = createComputeTurns(path);
  await expect(turns.take(() => Promise.resolve(1))).rejects.toThrow(UnavailableError);
  const lock = await createComputeLock(path);
  try {
    const story: string[] = [];
    const work = (name: string) => async () => {
      story.push(`${name} begins`);
      await delay(20);
      story.push(`${name} ends`);
      if (name === 'b') throw new Error('b fails');
    };
    const impatient = new AbortController();
    const a = turns.take(work('a'));
    await delay(5);
    const b = turns.take(work('b'));
    await delay(5);
    const never = turns.take(work('never'), impatient.signal);
    await delay(2);
    const c = turns.take(work('c'));
    impatient.abort(new Error('gave up'));
    await expect(never).rejects.toThrow('gave up');
    await expect(b).rejects.toThrow('b fails');
    await Promise.all([a, c]);
    expect(story).toEqual(['a', 'b', 'c'].flatMap((name) => [`${name} begins`, `${name} ends`]));
  } finally {
    await lock[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  }
});
