import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findTask, provision, PipelineStage, STAGES, stageName, VideoState } from '@cinematica/pipeline';
import type { PipelineSettings, StoredRecord, VideoRef } from '@cinematica/pipeline';
import { expectedSum, openTestSystem, startFleet, TEST_MODEL, testSettings } from '@cinematica/pipeline/testing';
import type { Fleet, TestSystem } from '@cinematica/pipeline/testing';
import { startTestNats } from '../../../test/support/nats-server.ts';
import type { TestNats } from '../../../test/support/nats-server.ts';

/** A real nats-server with real workers and housekeepers, but no gateway, so that every process may be killed. */
export interface SumRun extends AsyncDisposable {
  readonly server: TestNats;
  readonly system: TestSystem;
  readonly fleet: Fleet;
  readonly settings: PipelineSettings;
  /** The steps that were computed so far: `VIDEO TASK STEP`. */
  steps(): Promise<string[]>;
  /** What is wrong with a finished video; null for nothing. */
  faultOf(ref: VideoRef): Promise<string | null>;
}

export interface SumRunOptions {
  readonly settings: Partial<PipelineSettings>;
  /** Milliseconds. */
  readonly stepMilliseconds: number;
  /** Environment variables of the workers, which `worker-process.ts` describes. */
  readonly workerEnv?: Readonly<Record<string, string>>;
  /** Workers of each stage. Default 2. */
  readonly workers?: number;
}

export async function startSumRun(options: SumRunOptions): Promise<SumRun> {
  const { stepMilliseconds, workerEnv = {}, workers = 2 } = options;
  await using cleanup = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'cinematica-hold-'));
  cleanup.defer(() => rm(folder, { recursive: true }));
  const stepsFile = join(folder, 'steps');
  await writeFile(stepsFile, '');
  const server = cleanup.use(await startTestNats());
  const settings = testSettings({ ADMIT_WAITING: 4, ...options.settings });
  const system = cleanup.use(await openTestSystem(server.url, 'test', settings));
  await provision(system.nats, settings, [TEST_MODEL]);
  const stages = STAGES.map(stageName).flatMap((name) =>
    Array.from({ length: workers }, (_, index) => (index === 0 ? name : `${name}#${index + 1}`)),
  );
  const names = [...stages, 'housekeeper', 'housekeeper#2'];
  const fleet = cleanup.use(
    startFleet(names, { url: server.url, settings, stepMilliseconds, stepsFile, environment: workerEnv }),
  );

  const kept = cleanup.move();
  return {
    server,
    system,
    fleet,
    settings,
    steps: async () => (await readFile(stepsFile, 'utf8')).split('\n').filter(Boolean),
    async faultOf(ref) {
      const stored = await system.records.get(ref);
      if (stored?.record.state !== VideoState.DONE) return stored?.record.failure?.message ?? 'the video is not done';
      return hasRightBytes(system, stored, Number(workerEnv.OUTPUT_KIB ?? 64) * 1024);
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

async function hasRightBytes({ artifacts }: TestSystem, { record }: StoredRecord, bytes: number) {
  const media = findTask(record, { stage: PipelineStage.MUX, segment: 0 })?.outputs[0];
  if (!media || !record.photo || !record.plan) return 'the video has no media';
  const expected = Buffer.from(expectedSum(await artifacts.get(record.photo), record.plan, bytes));
  return expected.equals(await artifacts.get(media)) ? null : 'the video has other bytes than without a fault';
}
