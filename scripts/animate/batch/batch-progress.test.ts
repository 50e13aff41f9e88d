import { expect, test } from 'vitest';
import type { State } from '../progress.ts';
import { createBatchProgress } from './batch-progress.ts';

function watch(isTTY: boolean) {
  const shown: State[] = [];
  let now = 0;
  const progress = createBatchProgress({ show: (state) => shown.push(state) }, 4, isTTY, () => now);
  return { progress, last: () => shown.at(-1), at: (seconds: number) => (now = seconds * 1000) };
}

test('the progress is the mean of all videos, and the remaining time follows from it', () => {
  const { progress, last, at } = watch(false);
  const first = progress.begin('a.jpg');
  const second = progress.begin('b.jpg');
  expect(last()).toEqual({ label: 'animating 4 photos', units: { name: 'video', done: 0, total: 4 }, fraction: 0 });
  at(10);
  first.show({ label: 'denoising', fraction: 0.5 });
  second.show({ label: 'waiting', fraction: 0.5 });
  expect(last()).toMatchObject({ fraction: 0.25, remaining: 30 });
  at(20);
  first.end();
  expect(last()).toMatchObject({ units: { done: 1 }, fraction: 0.375 });
});

test('a terminal also shows the activity of the oldest video', () => {
  const { progress, last } = watch(true);
  const first = progress.begin('a.jpg');
  progress.begin('b.jpg').show({ label: 'waiting' });
  first.show({ label: 'denoising', units: { name: 'step', done: 2, total: 8 } });
  expect(last()?.detail).toBe('a.jpg: denoising 2/8 (+1)');
  first.end();
  expect(last()?.detail).toBe('b.jpg: waiting');
});
