import { create } from '@bufbuild/protobuf';
import { durationFromMs } from '@bufbuild/protobuf/wkt';
import { ProgressSchema, Video_State, VideoSchema } from '@cinematica/protocol/v1';
import { expect, test } from 'vitest';
import { firstHearing, nextHearing } from './hearing.ts';
import type { Heard } from './hearing.ts';

const { QUEUED, RUNNING } = Video_State;
const say = (sequence: number, state: Video_State, seconds?: number): Heard => ({
  video: create(VideoSchema, { sequence: BigInt(sequence), state }),
  progress: create(ProgressSchema, seconds === undefined ? {} : { remaining: durationFromMs(seconds * 1000) }),
});

test('the time of arrival does not jitter, and moves when it is really another one', () => {
  const first = firstHearing(say(1, RUNNING, 100), 0);
  expect(first.due).toBe(100_000);
  expect(nextHearing(first, say(2, RUNNING, 95), 1_000).due).toBe(100_000);
  expect(nextHearing(first, say(2, RUNNING, 80), 1_000).due).toBe(81_000);
  // One that has passed was wrong: any other is better.
  expect(nextHearing(first, say(2, RUNNING, 1), 100_500).due).toBe(101_500);
  expect(nextHearing(first, say(2, RUNNING), 1_000).due).toBeNull();
});

test('a time that is only repeated goes on running, and does not begin again', () => {
  const told = say(1, RUNNING, 100);
  const event = { ...say(2, RUNNING), progress: { ...told.progress!, step: 5 } };
  expect(nextHearing(firstHearing(told, 0), event, 60_000).due).toBe(100_000);
});

test('only what is new is heard', () => {
  const told = say(1, RUNNING);
  const first = firstHearing(told, 0);
  expect(nextHearing(first, told, 500).at).toBe(0);
  expect(nextHearing(first, { ...told, preview: 'a look' }, 500).at).toBe(500);
  expect(nextHearing(first, say(2, RUNNING), 500)).toMatchObject({ at: 500, longestPause: 500 });
});

test('the longest pause is of the making, not of the waiting', () => {
  const made = nextHearing(firstHearing(say(1, QUEUED), 0), say(2, RUNNING), 90_000);
  expect(made.longestPause).toBe(0);
  const slow = nextHearing(made, say(3, RUNNING), 130_000);
  expect(nextHearing(slow, say(4, RUNNING), 131_000).longestPause).toBe(40_000);
});
