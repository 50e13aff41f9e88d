import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { describe, expect, test } from 'vitest';
import { PipelineStage, TaskState, VideoRecordSchema, VideoState } from '../messages.ts';
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
const encode = { stage: PipelineStage.ENCODE, segment: 0 };
const denoise = (segment: number) => ({ stage: PipelineStage.DENOISE, segment });
const decode = (segment: number) => ({ stage: PipelineStage.DECODE, segment });
const mux = { stage: PipelineStage.MUX, segment: 0 };

describe('next tasks', () => {
  test('a video begins with encoding', () => {
    expect(text(dueTasks(running(2)))).toEqual(['encode 0']);
  });
  test('encoding is followed by denoising the first segment', () => {
    expect(text(nextTasks(running(2, [encode]), encode))).toEqual(['denoise 0']);
  });
  test('a segment is decoded while the next one is denoised', () => {
    expect(text(nextTasks(running(3, [encode, denoise(0)]), denoise(0)))).toEqual(['decode 0', 'denoise 1']);
  });
  test('the last segment is followed only by its decoding', () => {
    expect(text(nextTasks(running(2, [encode, denoise(0), denoise(1)]), denoise(1)))).toEqual(['decode 1']);
  });
  test('muxing waits for the decoding of every segment, in any order', () => {
    const all = [encode, denoise(0), denoise(1)];
    expect(nextTasks(running(2, [...all, decode(0)]), decode(0))).toEqual([]);
    expect(text(nextTasks(running(2, [...all, decode(0), decode(1)]), decode(0)))).toEqual(['mux 0']);
    expect(text(nextTasks(running(2, [...all, decode(0), decode(1)]), decode(1)))).toEqual(['mux 0']);
  });
  test('a single segment is decoded after denoising', () => {
    expect(text(nextTasks(running(1, [encode, denoise(0)]), denoise(0)))).toEqual(['decode 0']);
  });
  test('nothing follows the last task', () => {
    expect(nextTasks(running(1, [encode, denoise(0), decode(0), mux]), mux)).toEqual([]);
  });
  test('a task that was done again is followed only by tasks that are not done', () => {
    // Decoding found the latents missing, after the next segment had used them.
    expect(text(nextTasks(running(2, [encode, denoise(0), denoise(1)]), denoise(0)))).toEqual(['decode 0']);
  });
  test.each([VideoState.QUEUED, VideoState.CANCELLED, VideoState.FAILED, VideoState.DONE])(
    'a video that is not running has no next tasks (state %s)',
    (state) => {
      const record = running(2, [encode]);
      record.state = state;
      expect([...nextTasks(record, encode), ...dueTasks(record)]).toEqual([]);
    },
  );
  test('a deleted video has no next tasks until it is restored', () => {
    const record = running(2, [encode]);
    record.purgeTime = timestampFromMs(1);
    expect(nextTasks(record, encode)).toEqual([]);
    delete record.purgeTime;
    expect(text(dueTasks(record))).toEqual(['denoise 0']);
  });
  test('doing the due tasks in any order does every task once', () => {
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
