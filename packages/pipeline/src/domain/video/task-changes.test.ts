import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { describe, expect, test } from 'vitest';
import { ArtifactSchema, FailureReason, PipelineStage, PlanSchema, TaskState, VideoState } from '../messages.ts';
import type { VideoRecord } from '../messages.ts';
import { findTask } from './routing.ts';
import type { TaskRef } from './routing.ts';
import { newRecord } from './new-record.ts';
import {
  claimedTask,
  claimTask,
  ClaimLostError,
  commitTask,
  failClaim,
  releaseTask,
  invalidateInput,
  renewClaim,
  saveCheckpoint,
} from './task-changes.ts';
import type { Claim, ClaimOptions } from './task-changes.ts';
import { admitVideo, cancelVideo, deleteVideo, undeleteVideo } from './video-changes.ts';

const ENCODE: TaskRef = { stage: PipelineStage.ENCODE, segment: 0 };
const DENOISE: TaskRef = { stage: PipelineStage.DENOISE, segment: 0 };
const photo = create(ArtifactSchema, { name: 'photo' });
const started = () => {
  const plan = create(PlanSchema, { segments: 1, decodeChunks: [2], steps: 4 });
  const record = newRecord({ owner: 'o', videoId: 'v', requestId: 'r', plan, photo, keepHours: 1 });
  admitVideo(record);
  return record;
};
const options = (worker: string): ClaimOptions => ({ worker, lease: 1_000, maxFailures: 3, countSilence: true });
const claim = (record: VideoRecord, worker: string, ref = ENCODE): Claim => {
  const outcome = claimTask(record, ref, options(worker));
  if (outcome.kind !== 'claimed') throw new Error(outcome.kind);
  return outcome.claim;
};
const expireLease = (record: VideoRecord, ref = ENCODE) =>
  (findTask(record, ref)!.leaseTime = timestampFromMs(Date.now() - 1));
const BROKEN = { message: 'broken', reason: FailureReason.STAGE_FAILED, permanent: false };
const outputs = (name: string) => ({ outputs: [create(ArtifactSchema, { name })], notices: [], fingerprint: '' });

describe('claims', () => {
  test('a task belongs to one worker until its lease expires, and the previous worker can change nothing afterwards', () => {
    const record = started();
    const first = claim(record, 'a');
    expect(claimTask(record, ENCODE, options('b')).kind).toBe('held');
    // The same claim is repeated when the outcome of its write was unknown.
    expect(claim(record, 'a')).toEqual(first);
    expireLease(record);
    const second = claim(record, 'b');
    expect(second.attempt).toBe(2);
    expect(() => renewClaim(record, first, 1_000)).toThrow(ClaimLostError);
    expect(() => commitTask(record, first, outputs('stale'))).toThrow(ClaimLostError);
    expect(releaseTask(record, first).changed).toBe(false);
    commitTask(record, second, outputs('good'));
    expect(findTask(record, ENCODE)!.outputs.map(({ name }) => name)).toEqual(['good']);
  });

  test('a repeated commit changes nothing and returns the next tasks again', () => {
    const record = started();
    const held = claim(record, 'a');
    expect(commitTask(record, held, outputs('x'))).toEqual([DENOISE]);
    const after = structuredClone(findTask(record, ENCODE)!.endTime);
    expect(commitTask(record, held, outputs('x'))).toEqual([DENOISE]);
    expect(findTask(record, ENCODE)!.endTime).toEqual(after);
    expect(claimTask(record, ENCODE, options('b')).kind).toBe('done');
  });

  test('a task cannot be claimed before its inputs exist, nor in a video that has ended', () => {
    const record = started();
    expect(claimTask(record, DENOISE, options('a')).kind).toBe('idle');
    const held = claim(record, 'a');
    cancelVideo(record);
    expect(() => claimedTask(record, held)).toThrow('the video was cancelled');
    expect(() => commitTask(record, held, outputs('late'))).toThrow(ClaimLostError);
    expect(claimTask(record, ENCODE, options('b')).kind).toBe('idle');
    expect(cancelVideo(record).changed).toBe(false);
  });

  test('the task of a deleted video is released, and is ready when the video is restored', () => {
    const record = started();
    const held = claim(record, 'a');
    expect(deleteVideo(record, 1_000).changed).toBe(true);
    expect(releaseTask(record, held).changed).toBe(true);
    expect(undeleteVideo(record).changed).toBe(true);
    expect(findTask(record, ENCODE)).toMatchObject({ state: TaskState.READY, failures: 0 });
    deleteVideo(record, -1);
    expect(undeleteVideo(record).changed).toBe(false);
  });
});

describe('failed attempts', () => {
  test('the video fails after three consecutive attempts without progress', () => {
    const record = started();
    for (const [i, last] of [false, false, true].entries()) {
      const failed = failClaim(record, claim(record, `w${i}`), BROKEN, 3);
      expect(failed).toBe(last);
    }
    expect(record.failure).toMatchObject({
      message: expect.stringMatching(/^The encode stage failed 3 times: try again/) as string,
      reason: FailureReason.STAGE_FAILED,
      permanent: false,
    });
    expect(findTask(record, ENCODE)!.lastError).toBe('broken');
  });

  test('the last attempt decides the message for the owner, and a permanent problem fails the video immediately', () => {
    const reasons = [FailureReason.OUT_OF_MEMORY, FailureReason.TOOK_TOO_LONG];
    const messages = reasons.map((reason) => {
      const record = started();
      for (const each of [FailureReason.STAGE_FAILED, FailureReason.STAGE_FAILED, reason]) {
        failClaim(record, claim(record, `w${each}`), { ...BROKEN, reason: each }, 3);
      }
      expect(record.failure!.reason).toBe(reason);
      return record.failure!.message;
    });
    expect(messages[0]).toMatch(/too little memory for this video: try a smaller size or fewer frames/);
    expect(messages[1]).toMatch(/no progress for too long: try/);
    const record = started();
    const problem = { message: 'no photo', reason: FailureReason.PHOTO_UNREADABLE, permanent: true };
    expect(failClaim(record, claim(record, 'w'), problem, 3)).toBe(true);
    expect(record.failure).toMatchObject(problem);
  });

  test('an expired lease counts as a failed attempt unless NATS was unreachable', () => {
    const record = started();
    for (let i = 0; i < 10; i++) {
      expect(claimTask(record, ENCODE, { ...options(`w${i}`), countSilence: false }).kind).toBe('claimed');
      expireLease(record);
    }
    expect(claimTask(record, ENCODE, options('x')).kind).toBe('claimed');
    expireLease(record);
    expect(claimTask(record, ENCODE, options('y')).kind).toBe('claimed');
    expireLease(record);
    expect(claimTask(record, ENCODE, options('z')).kind).toBe('failed');
    expect(record.state).toBe(VideoState.FAILED);
    expect(findTask(record, ENCODE)!.lastError).toContain('killed, ran out of memory');
  });

  test('an attempt that saved a checkpoint resets the count of failures', () => {
    const record = started();
    commitTask(record, claim(record, 'e'), outputs('conditioning'));
    for (let step = 1; step <= 8; step++) {
      const held = claim(record, `w${step}`, DENOISE);
      saveCheckpoint(record, held, 1_000, { step, artifacts: [], outputs: [] });
      expect(failClaim(record, held, BROKEN, 3)).toBe(false);
      expect(findTask(record, DENOISE)!.failures).toBe(1);
    }
    expect(findTask(record, DENOISE)!.checkpoints.map(({ step }) => step)).toEqual([8, 7]);
  });

  test('a missing input is made again by its stage, and a missing photo fails the video', () => {
    const record = started();
    commitTask(record, claim(record, 'e'), outputs('conditioning'));
    const held = claim(record, 'd', DENOISE);
    invalidateInput(record, held, create(ArtifactSchema, { name: 'conditioning' }), 2);
    expect(findTask(record, ENCODE)).toMatchObject({ state: TaskState.READY, remakes: 1, outputs: [] });
    expect(findTask(record, DENOISE)!.state).toBe(TaskState.WAITING);
    expect(commitTask(record, claim(record, 'e2'), outputs('again'))).toEqual([DENOISE]);
    invalidateInput(record, claim(record, 'd2', DENOISE), create(ArtifactSchema, { name: 'again' }), 2);
    invalidateInput(record, claim(record, 'e3'), photo, 2);
    expect(record.failure).toMatchObject({ reason: FailureReason.DATA_LOST });
    expect(record.failure!.message).toContain('its photo is lost');
  });
});
