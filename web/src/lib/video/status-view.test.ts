import { create } from '@bufbuild/protobuf';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { ProgressSchema, Stage, Video_State, VideoSchema } from '@cinematica/protocol/v1';
import { describe, expect, test } from 'vitest';
import { startHistory } from './progress-history.ts';
import { announcementFor, toStatusView } from './status-view.ts';

const { QUEUED, RUNNING } = Video_State;

/** The status `now` milliseconds after the video last changed. */
function status(state: Video_State, init: MessageInitShape<typeof ProgressSchema>, now = 0, longestGapMs = 0) {
  const observation = { video: create(VideoSchema, { state }), progress: create(ProgressSchema, init) };
  return toStatusView({ ...startHistory(observation, 0), longestGapMs }, now);
}

test('a queued video shows its queue position if it is known', () => {
  expect(status(QUEUED, { queuePosition: 2 })).toMatchObject({ phase: 'waiting', queuePosition: 2, step: null });
  expect(status(QUEUED, { queuePosition: 0 })).toMatchObject({ phase: 'next', queuePosition: 0 });
  expect(status(QUEUED, {})).toMatchObject({ phase: 'waiting', queuePosition: null });
});

test('the current step follows the completed ones and never exceeds the number of steps', () => {
  const denoise = { stage: Stage.DENOISE, steps: 25 };
  expect(status(RUNNING, { ...denoise, step: 0 })).toMatchObject({ phase: 'denoise', step: 1, steps: 25 });
  expect(status(RUNNING, { ...denoise, step: 25 })).toMatchObject({ step: 25, steps: 25 });
});

test('a stage with one step shows no steps', () => {
  expect(status(RUNNING, { stage: Stage.ENCODE, steps: 1 })).toMatchObject({
    phase: 'encode',
    step: null,
    steps: null,
  });
  expect(status(RUNNING, { stage: Stage.MUX })).toMatchObject({ phase: 'mux', steps: null });
});

test('the last stage shows no steps: its parts count them anew', () => {
  expect(status(RUNNING, { stage: Stage.MUX, step: 0, steps: 50 })).toMatchObject({ step: null, steps: null });
});

test('a long video shows its current segment while it is denoised', () => {
  const long = { stage: Stage.DENOISE, steps: 50, step: 30, segment: 1, segments: 2 };
  expect(status(RUNNING, long)).toMatchObject({ segment: 2, segments: 2 });
  expect(status(RUNNING, { ...long, segment: 0, segments: 1 })).toMatchObject({ segment: null, segments: null });
  expect(status(RUNNING, { ...long, stage: Stage.DECODE })).toMatchObject({ segment: null });
});

test('the remaining time counts down to zero', () => {
  const progress = { stage: Stage.DENOISE, remaining: { seconds: 60n } };
  expect(status(RUNNING, progress, 20_000).remainingMs).toBe(40_000);
  expect(status(RUNNING, progress, 61_000).remainingMs).toBe(0);
  expect(status(RUNNING, {}).remainingMs).toBeNull();
});

test('a running video is stalled after 30 seconds, or three times its longest gap', () => {
  expect(status(RUNNING, {}, 29_000).stalledMs).toBeNull();
  expect(status(RUNNING, {}, 31_000).stalledMs).toBe(31_000);
  expect(status(RUNNING, {}, 170_000, 60_000).stalledMs).toBeNull();
  expect(status(RUNNING, {}, 190_000, 60_000).stalledMs).toBe(190_000);
});

test('a step that is expected to take long is not stalled, and the progress grows within it', () => {
  const slow = { fraction: 0.1, nextFraction: 0.2, stepDuration: { seconds: 480n } };
  expect(status(RUNNING, slow, 600_000).stalledMs).toBeNull();
  expect(status(RUNNING, slow, 1_500_000).stalledMs).toBe(1_500_000);
  expect(status(RUNNING, slow, 240_000).fraction).toBeCloseTo(0.15);
  expect(status(RUNNING, slow, 900_000).fraction).toBeLessThan(0.2);
});

test('a queued video is never stalled', () => {
  expect(status(QUEUED, {}, 900_000).stalledMs).toBeNull();
});

describe('announcementFor', () => {
  const running = (stage: Stage, fraction: number) => status(RUNNING, { stage, fraction, steps: 25 });
  test.each([
    ['the first status', null, running(Stage.ENCODE, 0), 'phase'],
    ['a step', running(Stage.DENOISE, 0.1), running(Stage.DENOISE, 0.2), null],
    ['another quarter', running(Stage.DENOISE, 0.2), running(Stage.DENOISE, 0.26), 'quarter'],
    ['another stage', running(Stage.DENOISE, 0.74), running(Stage.DECODE, 0.78), 'phase'],
    ['progress that was lost', running(Stage.DENOISE, 0.6), running(Stage.DENOISE, 0.4), null],
    ['another queue position', status(QUEUED, { queuePosition: 2 }), status(QUEUED, { queuePosition: 1 }), 'phase'],
  ] as const)('%s', (_, announced, next, announcement) => {
    expect(announcementFor(announced, next)).toBe(announcement);
  });
});
