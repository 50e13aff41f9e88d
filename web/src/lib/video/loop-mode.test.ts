import { expect, test } from 'vitest';
import { fadeProgress, loopModesFor, nextLoopMode } from './loop-mode.ts';

test('the beginning fades in over the last 0.8 seconds, or the last third of a short video', () => {
  expect([6.2, 6.6, 7].map((time) => fadeProgress(time, 7))).toEqual([expect.closeTo(0), expect.closeTo(0.5), 1]);
  expect(fadeProgress(0, 7)).toBe(0);
  expect([0.6, 0.75, 0.9].map((time) => fadeProgress(time, 0.9))).toEqual([expect.closeTo(0), expect.closeTo(0.5), 1]);
  expect(fadeProgress(0, Number.NaN)).toBe(0);
});

test('going back and forth is offered, first, only with a file for it', () => {
  expect(loopModesFor(true)[0]).toBe('boomerang');
  expect(loopModesFor(false)).not.toContain('boomerang');
});

test('the modes follow one another in a circle', () => {
  const modes = loopModesFor(false);
  expect(modes.map((mode) => nextLoopMode(mode, modes))).toEqual([...modes.slice(1), modes[0]]);
});
