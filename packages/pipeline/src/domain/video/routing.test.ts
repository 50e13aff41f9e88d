import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { describe, expect, test } from 'vitest';
import { Stage, TaskState, VideoRecordSchema, VideoState } from '../messages.ts';
import { stageName } from '../stages.ts';
import { dueTasks, findTask, nextTasks, planTasks } from './routing.ts';
import type { TaskRef } from './routing.ts';

const running = (segments: number, done: TaskRef[] = []) => {
  const record = create(VideoRecordSchema, {
    state: VideoState.RUNNING,
    plan: { segments },
    tasks: planTasks({ segments }).map((task) => ({ ...task, state: TaskState.WAITING })),
  });
  for (const task of done) findTask(record, task)!.state = TaskState.DONE;
  return record;
};
const text = (tasks: TaskRef[]) => tasks.map(({ stage, segment }) => `${stageName(stage)} ${segment}`);
const encode = { stage: Stage.ENCODE, segment: 0 };
const denoise = (segment: number) => ({ stage: Stage.DENOISE, segment });
const decode = (segment: number) => ({ stage: Stage.DECODE, segment });
const mux = { stage: Stage.MUX, segment: 0 };

describe('what follows', () => {
  test('a video begins with its photo', () => {
    expect(text(dueTasks(running(2)))).toEqual(['encode 0']);
  });
  test('the photo leads to the first segment', () => {
    expect(text(nextTasks(running(2, [encode]), encode))).toEqual(['denoise 0']);
  });
  test('a segment is decoded while the next one is denoised', () => {
    expect(text(nextTasks(running(3, [encode, denoise(0)]), denoise(0)))).toEqual(['decode 0', 'denoise 1']);
  });
  test('the last segment is only decoded', () => {
    expect(text(nextTasks(running(2, [encode, denoise(0), denoise(1)]), denoise(1)))).toEqual(['decode 1']);
  });
  test('muxing waits for every segment, whichever comes last', () => {
    const all = [encode, denoise(0), denoise(1)];
    expect(nextTasks(running(2, [...all, decode(0)]), decode(0))).toEqual([]);
    expect(text(nextTasks(running(2, [...all, decode(0), decode(1)]), decode(0)))).toEqual(['mux 0']);
    expect(text(nextTasks(running(2, [...all, decode(0), decode(1)]), decode(1)))).toEqual(['mux 0']);
  });
  test('one segment has no detour', () => {
    expect(text(nextTasks(running(1, [encode, denoise(0)]), denoise(0)))).toEqual(['decode 0']);
  });
  test('nothing follows the last task', () => {
    expect(nextTasks(running(1, [encode, denoise(0), decode(0), mux]), mux)).toEqual([]);
  });
  test('what was lost and made again leads only to what still lacks it', () => {
    // Decoding found the latents gone; the next segment had used them already.
    expect(text(nextTasks(running(2, [encode, denoise(0), denoise(1)]), denoise(0)))).toEqual(['decode 0']);
  });
  test.each([VideoState.QUEUED, VideoState.CANCELLED, VideoState.FAILED, VideoState.DONE])(
    'nothing follows in a video that does not run (%s)',
    (state) => {
      const record = running(2, [encode]);
      record.state = state;
      expect([...nextTasks(record, encode), ...dueTasks(record)]).toEqual([]);
    },
  );
  test('nothing follows in a deleted video until it is brought back', () => {
    const record = running(2, [encode]);
    record.purgeTime = timestampFromMs(1);
    expect(nextTasks(record, encode)).toEqual([]);
    delete record.purgeTime;
    expect(text(dueTasks(record))).toEqual(['denoise 0']);
  });
  test('doing what is due, in any order, ends with every task done once', () => {
    const record = running(10);
    const order: string[] = [];
    for (let due = dueTasks(record); due.length > 0; due = dueTasks(record)) {
      const task = due[order.length % due.length]!;
      findTask(record, task)!.state = TaskState.DONE;
      order.push(...text([task]));
    }
    expect(new Set(order).size).toBe(22);
    expect(order.at(-1)).toBe('mux 0');
  });
});
