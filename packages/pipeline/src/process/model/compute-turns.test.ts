import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createComputeLock } from '../../../../../scripts/launch/compute-lock.ts';
import { UnavailableError } from '../../domain/errors.ts';
import { createComputeTurns } from './compute-turns.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cinematica-turns-'));
  path = join(folder, 'lock');
});
afterEach(() => rm(folder, { recursive: true }));

test('processes compute one at a time, in order, and an aborted or failed one does not block the others', async () => {
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
  }
});

test('a turn is kept between two steps unless another process waits, and ends when no step follows', async () => {
  await using lock = await createComputeLock(path);
  const [a, b] = [createComputeTurns(lock.path), createComputeTurns(lock.path)];
  const story: string[] = [];
  const work = (name: string) => async () => {
    story.push(name);
    await delay(20);
  };
  await a.take(work('a1'));
  const second = a.take(work('a2'));
  await delay(5);
  const other = b.take(work('b1'));
  await delay(5);
  await second;
  await Promise.all([a.take(work('a3')), other]);
  expect(story).toEqual(['a1', 'a2', 'b1', 'a3']);
  // The last process keeps its turn until another one requests it.
  await b.take(work('b2'));
  await a.take(work('a4'));
  expect(story.slice(4)).toEqual(['b2', 'a4']);
});
