import { create } from '@bufbuild/protobuf';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { ProgressSchema, Stage, Video_State, VideoSchema } from '@cinematica/protocol/v1';
import { describe, expect, test } from 'vitest';
import { firstHearing } from './hearing.ts';
import { sayingOf, worthSpeaking } from './saying.ts';

function say(state: Video_State, init: MessageInitShape<typeof ProgressSchema>, now = 0, longestPause = 0) {
  const heard = { video: create(VideoSchema, { state }), progress: create(ProgressSchema, init) };
  return sayingOf({ ...firstHearing(heard, 0), longestPause }, now);
}
const { QUEUED, RUNNING } = Video_State;

test('the queue: who is next, who waits, and who does not know', () => {
  expect(say(QUEUED, { queuePosition: 2 })).toMatchObject({ moment: 'waiting', before: 2, step: null });
  expect(say(QUEUED, { queuePosition: 0 })).toMatchObject({ moment: 'next', before: 0 });
  expect(say(QUEUED, {})).toMatchObject({ moment: 'waiting', before: null });
});

test('the step at work is the one after those that are done, and never one too many', () => {
  const denoise = { stage: Stage.DENOISE, steps: 25 };
  expect(say(RUNNING, { ...denoise, step: 0 })).toMatchObject({ moment: 'denoise', step: 1, steps: 25 });
  expect(say(RUNNING, { ...denoise, step: 25 })).toMatchObject({ step: 25, steps: 25 });
  expect(say(RUNNING, { stage: Stage.ENCODE, steps: 1 })).toMatchObject({ moment: 'encode', step: null, steps: null });
  expect(say(RUNNING, { stage: Stage.MUX })).toMatchObject({ moment: 'mux', steps: null });
});

test('a long video says which part it is at, while there are several', () => {
  const long = { stage: Stage.DENOISE, steps: 50, step: 30, segment: 1, segments: 2 };
  expect(say(RUNNING, long)).toMatchObject({ part: 2, parts: 2 });
  expect(say(RUNNING, { ...long, segment: 0, segments: 1 })).toMatchObject({ part: null, parts: null });
  expect(say(RUNNING, { ...long, stage: Stage.DECODE })).toMatchObject({ part: null });
});

test('time left is said while it is left, and never guessed', () => {
  const known = { stage: Stage.DENOISE, remaining: { seconds: 60n } };
  expect(say(RUNNING, known, 20_000).left).toBe(40_000);
  expect(say(RUNNING, known, 61_000).left).toBeNull();
  expect(say(RUNNING, {}).left).toBeNull();
});

test('silence is spoken of when it is unusual for this video', () => {
  expect(say(RUNNING, {}, 29_000).silence).toBeNull();
  expect(say(RUNNING, {}, 31_000).silence).toBe(31_000);
  // One whose steps take a minute each.
  expect(say(RUNNING, {}, 170_000, 60_000).silence).toBeNull();
  expect(say(RUNNING, {}, 190_000, 60_000).silence).toBe(190_000);
  expect(say(QUEUED, {}, 900_000).silence).toBeNull();
});

describe('what is spoken aloud', () => {
  const at = (stage: Stage, fraction: number) => say(RUNNING, { stage, fraction, steps: 25 });
  test.each([
    ['the beginning', null, at(Stage.ENCODE, 0), 'moment'],
    ['a step', at(Stage.DENOISE, 0.1), at(Stage.DENOISE, 0.2), null],
    ['a quarter', at(Stage.DENOISE, 0.2), at(Stage.DENOISE, 0.26), 'quarter'],
    ['another stage', at(Stage.DENOISE, 0.74), at(Stage.DECODE, 0.78), 'moment'],
    ['work that was lost', at(Stage.DENOISE, 0.6), at(Stage.DENOISE, 0.4), null],
    ['a place in the queue', say(QUEUED, { queuePosition: 2 }), say(QUEUED, { queuePosition: 1 }), 'moment'],
  ] as const)('%s', (_, before, now, spoken) => {
    expect(worthSpeaking(before, now)).toBe(spoken);
  });
});
