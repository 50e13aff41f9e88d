import { expect, test } from 'vitest';
import { createProgress } from './progress.ts';

function watch(isTTY: boolean) {
  const said: string[] = [];
  let now = 0;
  const progress = createProgress({ write: (text: string) => said.push(text), isTTY, columns: 90 }, 2, () => now);
  return { progress, said, at: (seconds: number) => (now = seconds * 1000) };
}

test('on a terminal: one line a stage, with the speed of the steps after the first, and the time left', () => {
  const { progress, said, at } = watch(true);
  progress.stage('denoising', { name: 'step', total: 10 });
  expect(said.at(-1)).toBe('1/2 denoising  ░░░░░░░░░░░░░░░░░░░░  step 0 of 10');
  at(30);
  progress.done(1);
  at(34);
  progress.done(2);
  at(38);
  progress.done(3);
  expect(said.slice(-2)).toEqual([
    '\r\x1b[K',
    '1/2 denoising  ██████░░░░░░░░░░░░░░  step 3 of 10  4.00 s/step  28 s left',
  ]);
  progress.note('a note');
  expect(said.slice(-2)).toEqual(['\r\x1b[K', 'a note\n']);
  progress[Symbol.dispose]();
});

test('elsewhere: whole lines, not too many', () => {
  const { progress, said, at } = watch(false);
  progress.stage('denoising', { name: 'step', total: 100 });
  for (let step = 1; step <= 100; step++) {
    at(step * 0.5);
    progress.done(step);
  }
  progress.stage('finishing');
  progress[Symbol.dispose]();
  expect(said).toHaveLength(13);
  expect(said[0]).toBe('1/2 denoising  step 0 of 100\n');
  expect(said[1]).toBe('1/2 denoising  step 1 of 100  0.50 s/step  50 s left\n');
  expect(said[2]).toBe('1/2 denoising  step 11 of 100  0.50 s/step  45 s left\n');
  expect(said[11]).toBe('1/2 denoising  step 100 of 100  0.50 s/step\n');
  expect(said[12]).toBe('2/2 finishing\n');
});
