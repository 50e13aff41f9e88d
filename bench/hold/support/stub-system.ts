import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MODEL, startTestGateway } from '@cinematica/gateway/testing/gateway';
import type { TestGateway } from '@cinematica/gateway/testing/gateway';
import { pipelineSettingsSchema, STAGES, stageName } from '@cinematica/pipeline';
import { openNamedCheckpoint } from '@cinematica/pipeline/model';
import { startFleet } from '@cinematica/pipeline/testing';
import type { Fleet } from '@cinematica/pipeline/testing';
import { fieldPhoto } from '../../../test/support/field-photo.ts';
import type { TestNatsOptions } from '../../../test/support/nats-server.ts';

/** Limits that no bench reaches unless it sets them itself. */
const UNLIMITED = {
  CALLS_PER_SECOND: '1000000',
  MAX_WATCHES_PER_CALLER: '1000000',
  MAX_ACTIVE_PER_OWNER: '1000000',
  MAX_DAILY_PER_OWNER: '1000000',
  MAX_ACTIVE_PER_ADDRESS: '1000000',
  MAX_DAILY_PER_ADDRESS: '1000000',
  MAX_QUEUED: '1000000',
};

/** A real gateway and nats-server, with real workers whose stages compute almost nothing. */
export interface StubSystem extends AsyncDisposable {
  readonly gateway: TestGateway;
  readonly fleet: Fleet;
  /** A photo that the gateway accepts. */
  readonly photo: Uint8Array<ArrayBuffer>;
  /** The steps that were computed so far: `VIDEO TASK STEP`. */
  steps(): Promise<string[]>;
}

export interface StubOptions {
  /** Environment variables of the gateway; the workers get the same settings of the pipeline. */
  readonly env?: Readonly<Record<string, string>>;
  /** Default 5. Milliseconds. */
  readonly stepMilliseconds?: number;
  /** Workers of each stage. Default 1. */
  readonly workers?: number;
  /** Environment variables of the workers, which `worker-process.ts` describes. */
  readonly workerEnv?: Readonly<Record<string, string>>;
  readonly nats?: TestNatsOptions;
}

export async function startStubSystem(options: StubOptions = {}): Promise<StubSystem> {
  const { env = {}, stepMilliseconds = 5, workers = 1, workerEnv = {} } = options;
  await using cleanup = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'cinematica-stub-'));
  cleanup.defer(() => rm(folder, { recursive: true }));
  const stepsFile = join(folder, 'steps');
  await writeFile(stepsFile, '');
  const settings = { ...UNLIMITED, ...env };
  const gateway = cleanup.use(await startTestGateway(settings, options.nats));
  const { ref } = await openNamedCheckpoint(MODEL);
  const names = STAGES.map(stageName).flatMap((name) =>
    Array.from({ length: workers }, (_, index) => (index === 0 ? name : `${name}#${index + 1}`)),
  );
  const fleet = cleanup.use(
    startFleet(names, {
      url: gateway.nats.url,
      settings: pipelineSettingsSchema.parse(settings),
      stepMilliseconds,
      stepsFile,
      environment: { MODEL: JSON.stringify(ref), ...workerEnv },
    }),
  );
  const kept = cleanup.move();
  return {
    gateway,
    fleet,
    photo: await fieldPhoto(),
    steps: async () => (await readFile(stepsFile, 'utf8')).split('\n').filter(Boolean),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
