import { create } from '@bufbuild/protobuf';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { Video_State, VideoSchema } from '@cinematica/protocol/v1';
import { expect, test } from 'vitest';
import { viewOf } from './view.ts';

const video = (init: MessageInitShape<typeof VideoSchema>) => create(VideoSchema, init);
const running = video({ state: Video_State.RUNNING, expireTime: timestampFromMs(1_000) });

test('what is not known yet is looked for, and an address that leads nowhere says so', () => {
  expect(viewOf(undefined, 'opening', false, 0)).toBe('opening');
  expect(viewOf(undefined, 'lost', false, 0)).toBe('unreachable');
  expect(viewOf(undefined, 'refused', true, 0)).toBe('unknown');
  expect(viewOf(undefined, 'refused', false, 0)).toBe('refused');
});

test('a connection that is lost takes nothing away that is known', () => {
  expect(viewOf(running, 'lost', false, 0)).toBe('making');
  expect(viewOf(running, 'refused', false, 0)).toBe('making');
});

test('a video that is gone while it is looked at has expired, if it was time; else it was taken away', () => {
  expect(viewOf(running, 'refused', true, 1_000)).toBe('expired');
  expect(viewOf(running, 'refused', true, 999)).toBe('unknown');
});

test.each([
  [Video_State.QUEUED, 'making'],
  [Video_State.RUNNING, 'making'],
  [Video_State.DONE, 'done'],
  [Video_State.FAILED, 'failed'],
  [Video_State.CANCELLED, 'cancelled'],
] as const)('state %i is %s, until it is deleted', (state, view) => {
  expect(viewOf(video({ state }), 'live', false, 0)).toBe(view);
  expect(viewOf(video({ state, deleteTime: timestampFromMs(0) }), 'ended', false, 0)).toBe('deleted');
});
