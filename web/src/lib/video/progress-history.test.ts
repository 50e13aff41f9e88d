import { create } from '@bufbuild/protobuf';
import { durationFromMs } from '@bufbuild/protobuf/wkt';
import { ProgressSchema, Video_State, VideoSchema } from '@cinematica/protocol/v1';
import { expect, test } from 'vitest';
import { addObservation, shownFractionAt, startHistory } from './progress-history.ts';
import type { Observation } from './progress-history.ts';

const { QUEUED, RUNNING } = Video_State;
const observe = (sequence: number, state: Video_State, seconds?: number): Observation => ({
  video: create(VideoSchema, { sequence: BigInt(sequence), state }),
  progress: create(ProgressSchema, seconds === undefined ? {} : { remaining: durationFromMs(seconds * 1000) }),
});

test('the expected end ignores small changes of the estimate and follows large ones', () => {
  const first = startHistory(observe(1, RUNNING, 100), 0);
  expect(first.expectedEndTime).toBe(100_000);
  expect(addObservation(first, observe(2, RUNNING, 95), 1_000).expectedEndTime).toBe(100_000);
  expect(addObservation(first, observe(2, RUNNING, 80), 1_000).expectedEndTime).toBe(81_000);
});

test('the expected end becomes later only for a reason', () => {
  const first = startHistory(observe(1, RUNNING, 60), 0);
  expect(addObservation(first, observe(2, RUNNING, 75), 1_000).expectedEndTime).toBe(60_000);
  const beside = observe(2, RUNNING, 75);
  const shared = { ...beside, progress: { ...beside.progress!, videosBeside: 1 } };
  expect(addObservation(first, shared, 1_000).expectedEndTime).toBe(76_000);
  // An estimate that was very wrong is corrected.
  const wrong = addObservation(first, observe(2, RUNNING, 120), 1_000);
  expect(wrong.expectedEndTime).toBe(121_000);
});

test('a video is slower than expected as long as its end is much later than the one that was shown first', () => {
  const first = startHistory(observe(1, RUNNING, 60), 0);
  const wrong = addObservation(first, observe(2, RUNNING, 120), 1_000);
  expect([first.missedEndTime, wrong.missedEndTime]).toEqual([null, 60_000]);
  expect(addObservation(wrong, observe(3, RUNNING, 119), 2_000).missedEndTime).toBe(60_000);
  const better = addObservation(wrong, observe(3, RUNNING, 100), 2_000);
  expect([better.expectedEndTime, better.missedEndTime]).toEqual([102_000, 60_000]);
  expect(addObservation(better, observe(4, RUNNING, 200), 3_000).missedEndTime).toBe(60_000);
  expect(addObservation(better, observe(4, RUNNING, 60), 3_000).missedEndTime).toBeNull();
  // A reason is known.
  const later = observe(2, RUNNING, 120);
  const shared = { ...later, progress: { ...later.progress!, videosBeside: 1 } };
  expect(addObservation(first, shared, 1_000).missedEndTime).toBeNull();
});

test('an expected end that has passed is replaced by any new estimate', () => {
  const first = startHistory(observe(1, RUNNING, 100), 0);
  expect(addObservation(first, observe(2, RUNNING, 1), 100_500).expectedEndTime).toBe(101_500);
});

test('the expected end is unknown without an estimate', () => {
  const first = startHistory(observe(1, RUNNING, 100), 0);
  expect(addObservation(first, observe(2, RUNNING), 1_000).expectedEndTime).toBeNull();
});

test('an estimate that is carried over does not restart the countdown', () => {
  const first = observe(1, RUNNING, 100);
  const next = { ...observe(2, RUNNING), progress: { ...first.progress!, step: 5 } };
  expect(addObservation(startHistory(first, 0), next, 60_000).expectedEndTime).toBe(100_000);
});

test('only a new event, progress or preview is a change', () => {
  const observation = observe(1, RUNNING);
  const first = startHistory(observation, 0);
  expect(addObservation(first, observation, 500).lastChangeTime).toBe(0);
  expect(addObservation(first, { ...observation, preview: 'a preview' }, 500).lastChangeTime).toBe(500);
  expect(addObservation(first, observe(2, RUNNING), 500)).toMatchObject({ lastChangeTime: 500, longestGapMs: 500 });
});

test('time in the queue does not count as a gap', () => {
  const started = addObservation(startHistory(observe(1, QUEUED), 0), observe(2, RUNNING), 90_000);
  expect(started.longestGapMs).toBe(0);
  const slow = addObservation(started, observe(3, RUNNING), 130_000);
  expect(addObservation(slow, observe(4, RUNNING), 131_000).longestGapMs).toBe(40_000);
});

test('the shown fraction does not fall when a step takes longer, but when work was lost', () => {
  const at = (sequence: number, fraction: number, stepMs: number): Observation => ({
    video: create(VideoSchema, { sequence: BigInt(sequence), state: RUNNING }),
    progress: create(ProgressSchema, { fraction, nextFraction: fraction + 0.2, stepDuration: durationFromMs(stepMs) }),
  });
  const first = startHistory(at(1, 0.2, 10_000), 0);
  expect(shownFractionAt(first, 5_000)).toBeCloseTo(0.3);
  const slower = addObservation(first, at(2, 0.2, 40_000), 5_000);
  expect(shownFractionAt(slower, 6_000)).toBeCloseTo(0.3);
  expect(shownFractionAt(slower, 30_000)).toBeCloseTo(0.35);
  const done = addObservation(slower, at(3, 0.4, 40_000), 30_000);
  expect(shownFractionAt(done, 30_000)).toBeCloseTo(0.4);
  expect(shownFractionAt(addObservation(done, at(4, 0.1, 40_000), 31_000), 31_000)).toBeCloseTo(0.1);
});

test('a page that is opened again goes on where it was, unless work was lost', () => {
  const observation: Observation = {
    video: create(VideoSchema, { state: RUNNING }),
    progress: create(ProgressSchema, { fraction: 0.2, nextFraction: 0.4, stepDuration: durationFromMs(10_000) }),
  };
  const { stage } = observation.progress!;
  const kept = { stage, fraction: 0.2, stepTime: 0, shownFraction: 0.25 };
  expect(shownFractionAt(startHistory(observation, 1_000, kept), 1_000)).toBe(0.25);
  expect(shownFractionAt(startHistory(observation, 5_000, kept), 5_000)).toBeCloseTo(0.3);
  expect(shownFractionAt(startHistory(observation, 5_000, { ...kept, fraction: 0.1 }), 5_000)).toBe(0.25);
  expect(shownFractionAt(startHistory(observation, 5_000, { ...kept, fraction: 0.3 }), 5_000)).toBe(0.2);
});
