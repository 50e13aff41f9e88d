import { create } from '@bufbuild/protobuf';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { Video_State, VideoSchema } from '@cinematica/protocol/v1';
import { expect, test } from 'vitest';
import { screenStateOf } from './screen-state.ts';

const video = (init: MessageInitShape<typeof VideoSchema>) => create(VideoSchema, init);
const running = video({ state: Video_State.RUNNING, expireTime: timestampFromMs(1_000) });

test('without a video the connection decides', () => {
  expect(screenStateOf(undefined, 'connecting', false, 0)).toBe('loading');
  expect(screenStateOf(undefined, 'reconnecting', false, 0)).toBe('unreachable');
  expect(screenStateOf(undefined, 'refused', true, 0)).toBe('not-found');
  expect(screenStateOf(undefined, 'refused', false, 0)).toBe('error');
});

test('a lost connection does not hide a video that was loaded', () => {
  expect(screenStateOf(running, 'reconnecting', false, 0)).toBe('unfinished');
  expect(screenStateOf(running, 'refused', false, 0)).toBe('unfinished');
});

test('a video that disappears has expired after its expire time, and is not found before', () => {
  expect(screenStateOf(running, 'refused', true, 1_000)).toBe('expired');
  expect(screenStateOf(running, 'refused', true, 999)).toBe('not-found');
});

test.each([
  [Video_State.QUEUED, 'unfinished'],
  [Video_State.RUNNING, 'unfinished'],
  [Video_State.DONE, 'done'],
  [Video_State.FAILED, 'failed'],
  [Video_State.CANCELLED, 'cancelled'],
] as const)('a video in state %i shows as %s, and as deleted once it is deleted', (state, shown) => {
  expect(screenStateOf(video({ state }), 'live', false, 0)).toBe(shown);
  expect(screenStateOf(video({ state, deleteTime: timestampFromMs(0) }), 'ended', false, 0)).toBe('deleted');
});
