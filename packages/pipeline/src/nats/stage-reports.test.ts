import { create, toBinary } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { startTestNats } from '../../../../test/support/nats-server.ts';
import { startCanary } from './canary.ts';
import { PipelineStage, StageReportSchema } from '../domain/messages.ts';
import { provision } from './provision.ts';
import { openTestSystem, TEST_MODEL, testSettings } from '../testing/system.ts';
import { openStageReports } from './stage-reports.ts';

const callsOf = (processId: string, openCalls: number, stage: PipelineStage = PipelineStage.DENOISE) =>
  toBinary(
    StageReportSchema,
    create(StageReportSchema, { stage, model: TEST_MODEL.name, modelDigest: TEST_MODEL.digest, processId, openCalls }),
  );

const report = (executionProvider: string, modelDigest = TEST_MODEL.digest) =>
  toBinary(
    StageReportSchema,
    create(StageReportSchema, { stage: PipelineStage.DENOISE, model: TEST_MODEL.name, modelDigest, executionProvider }),
  );

test('lists the execution providers of all running processes, and of the last one when none runs', async () => {
  await using server = await startTestNats();
  const settings = testSettings({ CANARY_MS: 100 });
  await using system = await openTestSystem(server.url, 'test', settings);
  await provision(system.nats, settings, [TEST_MODEL]);
  const cpu = startCanary(system.nats, 'denoiser', settings, undefined, () => report('cpu'));
  await cpu.ready();
  const reports = await openStageReports(system.nats, settings);
  expect(reports.providers(TEST_MODEL)).toEqual(['cpu']);
  expect(reports.providers({ ...TEST_MODEL, digest: 'another' })).toEqual([]);

  // Other processes of the stage: one with another model, one without a report, and one with an invalid report.
  const others = [report('cuda'), report('webgpu', 'another'), new Uint8Array(), Buffer.from('no report')].map(
    (content) => startCanary(system.nats, 'denoiser', settings, undefined, () => content),
  );
  await expect.poll(() => reports.providers(TEST_MODEL)).toEqual(['cpu', 'cuda']);
  await expect.poll(() => reports.providers({ ...TEST_MODEL, digest: 'another' })).toEqual(['webgpu']);
  await cpu.close();
  await expect.poll(() => reports.providers(TEST_MODEL)).toEqual(['cuda']);
  await Promise.all(others.map((canary) => canary.close()));
  // No process runs any more. The report of the last one stays.
  await new Promise((resolve) => setTimeout(resolve, 700));
  expect(reports.providers(TEST_MODEL)).toEqual(['cuda']);
  reports.close();
});

test('sums the open calls of the running processes of a stage, and tells subscribers of changes', async () => {
  await using server = await startTestNats();
  const settings = testSettings({ CANARY_MS: 100 });
  await using system = await openTestSystem(server.url, 'test', settings);
  await provision(system.nats, settings, [TEST_MODEL]);
  const reports = await openStageReports(system.nats, settings);
  let changes = 0;
  reports.subscribe(() => changes++);
  let calls = 2;
  const first = startCanary(system.nats, 'denoiser', settings, undefined, () => callsOf('a', calls));
  const second = startCanary(system.nats, 'denoiser', settings, undefined, () => callsOf('b', 1));
  const muxer = startCanary(system.nats, 'muxer', settings, undefined, () => callsOf('c', 4, PipelineStage.MUX));
  await expect.poll(() => reports.openCalls(PipelineStage.DENOISE)).toBe(3);
  expect(reports.openCalls(PipelineStage.DENOISE, { name: TEST_MODEL.name })).toBe(3);
  expect(reports.openCalls(PipelineStage.DENOISE, { name: 'another' })).toBe(0);
  await expect.poll(() => reports.openCalls(PipelineStage.MUX)).toBe(4);
  // The muxer has no model, and so no execution provider.
  expect(reports.providers(TEST_MODEL)).toEqual([]);
  calls = 0;
  await expect.poll(() => reports.openCalls(PipelineStage.DENOISE)).toBe(1);
  expect(changes).toBe(4);
  await second.close();
  await expect.poll(() => reports.openCalls(PipelineStage.DENOISE)).toBe(0);
  await Promise.all([first.close(), muxer.close()]);
  reports.close();
});
