import { expect, test } from 'vitest';
import { createProgress } from './progress.ts';

function watch(isTTY: boolean) {
  const said: string[] = [];
  let now = 0;
  const progress = createProgress(
    { write: (text: string) => said.push(text), isTTY, columns: 90 },
    { clock: () => now },
  );
  const denoise = (done: number, total: number, remaining?: number) =>
    progress.show({
      label: 'denoising',
      units: { name: 'step', done, total },
      fraction: done / total,
      ...(remaining === undefined ? {} : { remaining }),
    });
  return { progress, denoise, said, at: (seconds: number) => (now = seconds * 1000) };
}

test('a terminal shows one line per stage, with the speed after the first step and the remaining time', () => {
  const { progress, denoise, said, at } = watch(true);
  denoise(0, 10);
  expect(said.at(-1)).toBe('denoising  ░░░░░░░░░░░░░░░░░░░░  step 0 of 10');
  for (const [seconds, done] of [
    [30, 1],
    [34, 2],
    [38, 3],
  ] as const) {
    at(seconds);
    denoise(done, 10);
  }
  expect(said.slice(-2)).toEqual([
    '\r\x1b[K',
    'denoising  ██████░░░░░░░░░░░░░░  step 3 of 10  4.00 s/step  28 s left of this',
  ]);
  progress.note('a note');
  expect(said.slice(-2)).toEqual(['\r\x1b[K', 'a note\n']);
  progress[Symbol.dispose]();
});

test('the remaining time counts down between two reports', () => {
  const { progress, denoise, said, at } = watch(true);
  denoise(0, 4, 20);
  at(8);
  denoise(1, 4);
  expect(said.at(-1)).toBe('denoising  █████░░░░░░░░░░░░░░░  step 1 of 4  8.00 s/step  12 s left');
  denoise(1, 4, 30);
  expect(said.at(-1)).toMatch(/ {2}30 s left$/);
  at(9);
  progress.show({ label: 'decoding' });
  expect(said.at(-1)).toBe('decoding');
  progress[Symbol.dispose]();
});

test('a log gets whole lines at a limited rate', () => {
  const { progress, denoise, said, at } = watch(false);
  progress.show({ label: 'waiting', detail: '2 videos before it' });
  progress.show({ label: 'waiting', detail: '2 videos before it' });
  progress.show({ label: 'waiting', detail: '1 video before it' });
  expect(said.splice(0)).toEqual(['waiting  2 videos before it\n', 'waiting  1 video before it\n']);
  denoise(0, 100);
  for (let step = 1; step <= 100; step++) {
    at(step * 0.5);
    denoise(step, 100);
  }
  progress.show({ label: 'finishing' });
  progress[Symbol.dispose]();
  expect(said).toHaveLength(13);
  expect(said[0]).toBe('denoising  step 0 of 100\n');
  expect(said[1]).toBe('denoising  step 1 of 100  0.50 s/step  50 s left of this\n');
  expect(said[2]).toBe('denoising  step 11 of 100  0.50 s/step  45 s left of this\n');
  expect(said[11]).toBe('denoising  step 100 of 100  0.50 s/step\n');
  expect(said[12]).toBe('finishing\n');
});
