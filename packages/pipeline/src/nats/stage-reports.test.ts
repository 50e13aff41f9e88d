import { create, toBinary } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { startTestNats } from '../../../../test/support/nats-server.ts';
import { startCanary } from './canary.ts';
import { PipelineStage, StageReportSchema } from '../domain/messages.ts';
import { provision } from './provision.ts';
import { openTestSystem, TEST_MODEL, testSettings } from '../testing/system.ts';
import { openStageReports } from './stage-reports.ts';

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
  const cpu = startCanary(system.nats, 'denoiser', settings, undefined, report('cpu'));
  await cpu.ready();
  const reports = await openStageReports(system.nats, settings);
  expect(reports.providers(TEST_MODEL)).toEqual(['cpu']);
  expect(reports.providers({ ...TEST_MODEL, digest: 'another' })).toEqual([]);

  // Other processes of the stage: one with another model, one without a report, and one with an invalid report.
  const others = [report('cuda'), report('webgpu', 'another'), new Uint8Array(), Buffer.from('no report')].map(
    (content) => startCanary(system.nats, 'denoiser', settings, undefined, content),
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
