import { jetstreamManager } from '@nats-io/jetstream';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFailed, test } from 'vitest';
import { startTestNats } from '../../../../test/support/nats-server.ts';
import { FailureReason, PipelineStage, VideoState } from '../domain/messages.ts';
import { DEAD_LETTER_STREAM, deadLetterSubject } from '../nats/names.ts';
import { stageName, STAGES } from '../domain/stages.ts';
import { provision } from '../nats/provision.ts';
import { findTask, isTerminal, nameOf } from '../domain/video/routing.ts';
import { decodeDeadLetter } from '../nats/task-queue.ts';
import { startFleet } from './fleet.ts';
import { DEADLY_SEED } from './sum-stages.ts';
import { openTestSystem, TEST_MODEL, testSettings } from './system.ts';

test('a video that kills its worker fails after three attempts, and the other videos are made', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cinematica-poison-'));
  const stepsFile = join(folder, 'steps');
  await using server = await startTestNats();
  const settings = testSettings({ ACK_WAIT_MS: 1_000 });
  await using system = await openTestSystem(server.url, 'test', settings);
  await provision(system.nats, settings, [TEST_MODEL]);
  // The first attempt saves a checkpoint after step 2, so its failure starts the count at 1.
  const deadly = (await system.add('deadly', { seed: DEADLY_SEED })).record;
  const others = await Promise.all(['one', 'two', 'three'].map((photo) => system.add(photo)));
  await using fleet = startFleet([...STAGES.map(stageName), 'housekeeper'], {
    url: server.url,
    settings,
    stepMilliseconds: 20,
    stepsFile,
  });

  onTestFailed(() => console.error(fleet.lines.slice(-50).join('\n')));
  const failed = await system.until(deadly, ({ record }) => isTerminal(record), 60_000);
  expect(failed.record.state).toBe(VideoState.FAILED);
  expect(failed.record.failure).toMatchObject({
    reason: FailureReason.STAGE_FAILED,
    message: expect.stringMatching(/^The denoise stage failed 3 times: try again/) as string,
  });
  expect(findTask(failed.record, { stage: PipelineStage.DENOISE, segment: 0 })).toMatchObject({
    attempt: 3,
    lastError: expect.stringMatching(/^the worker stopped renewing its lease/) as string,
  });
  for (const { record } of others) {
    const done = await system.until(record, (stored) => isTerminal(stored.record), 60_000);
    expect(done.record.state).toBe(VideoState.DONE);
  }
  // Each further attempt resumed from the checkpoint after step 2.
  const steps = (await readFile(stepsFile, 'utf8')).split('\n');
  const own = steps.filter((line) =>
    line.startsWith(`${deadly.videoId} ${nameOf({ stage: PipelineStage.DENOISE, segment: 0 })} `),
  );
  expect(own.map((line) => Number(line.split(' ')[2]))).toEqual([1, 2, 3, 3, 3]);

  const manager = await jetstreamManager(system.nats);
  const letter = await manager.streams.getMessage(DEAD_LETTER_STREAM, {
    last_by_subj: deadLetterSubject(PipelineStage.DENOISE, deadly.videoId),
  });
  expect(decodeDeadLetter(letter!.data).record!.videoId).toBe(deadly.videoId);
  await rm(folder, { recursive: true });
});
