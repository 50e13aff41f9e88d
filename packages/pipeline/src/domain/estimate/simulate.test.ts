import { expect, test } from 'vitest';
import { PipelineStage } from '../messages.ts';
import fc from 'fast-check';
import { findRoom, simulate } from './simulate.ts';
import type { SimulatedVideo, SimulationOptions } from './simulate.ts';

const options: SimulationOptions = { shared: false, workers: () => 1, admitWaiting: 1, admitRunning: 64 };

/** A video whose stages compute for these seconds, one after the other. */
const video = (videoId: string, waits: boolean, [encode, denoise, decode, mux]: number[], running = false) => {
  const stages = [
    ['1/0', PipelineStage.ENCODE, encode],
    ['2/0', PipelineStage.DENOISE, denoise],
    ['3/0', PipelineStage.DECODE, decode],
    ['4/0', PipelineStage.MUX, mux],
  ] as const;
  const tasks = stages.flatMap(([name, stage, seconds], i) =>
    seconds === undefined || seconds === 0
      ? []
      : [{ name, stage, seconds, running: running && i === 0, after: i === 0 ? [] : [stages[i - 1]![0]] }],
  );
  return { videoId, waits, tasks } satisfies SimulatedVideo;
};

test('a video alone takes the sum of its stages', () => {
  const times = simulate([video('a', true, [1, 10, 5, 4])], options);
  expect(times.get('a')).toEqual({ start: 0, end: 20 });
});

test('with processors of their own, stages of different videos do not slow each other down', () => {
  const videos = [video('a', false, [1, 10, 5, 4]), video('b', true, [1, 10, 5, 4])];
  const times = simulate(videos, options);
  expect(times.get('a')?.end).toBe(20);
  // It waits for the denoiser until 11 s.
  expect(times.get('b')?.end).toBe(30);
});

test('on one machine, two videos take together as long as one after the other', () => {
  const videos = [video('a', false, [1, 10, 5, 4]), video('b', true, [1, 10, 5, 4])];
  const times = simulate(videos, { ...options, shared: true });
  expect(times.get('b')?.end).toBeCloseTo(40);
  expect(times.get('a')?.end).toBeGreaterThan(20);
});

test('a video in the queue ends later for each video ahead of it', () => {
  const videos = Array.from({ length: 6 }, (_, i) => video(`v${i}`, true, [1, 10, 5, 4]));
  const times = simulate(videos, { ...options, shared: true });
  const ends = videos.map(({ videoId }) => times.get(videoId)!.end);
  expect(ends).toEqual(ends.toSorted((a, b) => a - b));
  expect(ends.at(-1)).toBeCloseTo(120);
});

test('segments are decoded while the next one is denoised', () => {
  const tasks = [
    { name: 'd0', stage: PipelineStage.DENOISE, seconds: 10, running: true, after: [] },
    { name: 'd1', stage: PipelineStage.DENOISE, seconds: 10, running: false, after: ['d0'] },
    { name: 'x0', stage: PipelineStage.DECODE, seconds: 5, running: false, after: ['d0'] },
    { name: 'x1', stage: PipelineStage.DECODE, seconds: 5, running: false, after: ['d1'] },
    { name: 'm', stage: PipelineStage.MUX, seconds: 2, running: false, after: ['x0', 'x1'] },
  ];
  expect(simulate([{ videoId: 'a', waits: false, tasks }], options).get('a')?.end).toBe(27);
});

test('a task without a known time does not hold the simulation up', () => {
  expect(simulate([video('a', true, [1, NaN, 5, 4])], options).has('a')).toBe(false);
});

test('a video beside those that are open when there is room takes as long as one at the end of the queue', () => {
  const seconds = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 4, maxLength: 4 });
  const cases = fc.record({
    queue: fc.array(fc.record({ seconds, waits: fc.boolean() }), { maxLength: 8 }),
    added: seconds,
    shared: fc.boolean(),
    admitWaiting: fc.integer({ min: 1, max: 3 }),
    admitRunning: fc.integer({ min: 1, max: 4 }),
  });
  fc.assert(
    fc.property(cases, ({ queue, added, ...limits }) => {
      const all = { ...options, ...limits };
      const videos = queue.map(({ seconds: each, waits }, i) => video(`v${i}`, waits, each));
      const expected = simulate([...videos, video('new', true, added)], all).get('new')!;
      const room = findRoom(videos, all)!;
      const { end } = simulate([...room.open, video('new', false, added)], all).get('new')!;
      expect(room.seconds).toBeCloseTo(expected.start);
      expect(room.seconds + end).toBeCloseTo(expected.end);
    }),
  );
});

test('there is no room behind a video that never ends', () => {
  expect(findRoom([video('a', true, [1, NaN, 5, 4])], { ...options, admitRunning: 1 })).toBeNull();
});
