import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import {
  connectNats,
  createLog,
  openArtifacts,
  createHousekeepingPorts,
  createTaskQueue,
  createVideo,
  isTerminal,
  openAdmissionPorts,
  openRecords,
  openVideoTable,
  pipelineSettings,
  runHousekeeper,
} from '@cinematica/pipeline';
import type { Artifacts, Records, StoredRecord, VideoRef } from '@cinematica/pipeline';
import { openNamedCheckpoint } from '@cinematica/pipeline/model';
import { createPlan } from '@cinematica/pipeline/plan';
import type { PlanRequest } from '@cinematica/pipeline/plan';
import { logConnection } from '@cinematica/pipeline/service';
import type { NatsConnection } from '@nats-io/transport-node';
import { v7 } from 'uuid';
import { USER_PERMISSIONS, allowLists } from '@cinematica/pipeline/nats-access';
import { natsConfig } from '../../scripts/launch/nats/config.ts';
import { startTestNats } from './nats-server.ts';
import { program } from './program.ts';
import { STAGE_SERVICES } from './real-system.ts';
import type { StageService } from './real-system.ts';
import type { TestNats } from './nats-server.ts';

/** The process of a stage. `#2` is a second process of the same stage. */
export type StageProcess = StageService | `${StageService}#2`;

/** The provisioner and the four stages as processes, on a NATS server with the users of a real system. */
export interface StageSystem extends AsyncDisposable {
  /** A connection with the permissions of the gateway. */
  readonly nats: NatsConnection;
  readonly records: Records;
  readonly artifacts: Artifacts;
  readonly token: string;
  /** The address of a stage's gRPC server. */
  address(name: StageService): string;
  metricsUrl(name: StageService): string;
  pid(name: StageProcess): number;
  /** Creates a video, as a gateway does. It is admitted immediately. */
  create(photo: Uint8Array, request: PlanRequest): Promise<VideoRef>;
  /** Waits until a record meets a condition. */
  until(ref: VideoRef, wanted: (stored: StoredRecord) => boolean): Promise<StoredRecord>;
  /** Waits until a video is done, failed or cancelled. */
  finished(ref: VideoRef): Promise<StoredRecord>;
  /** Sends a signal to a stage's process and waits for its end. It is not restarted. @returns its exit code */
  stop(name: StageProcess, signal: NodeJS.Signals): Promise<number | null>;
  start(name: StageProcess): Promise<void>;
  /** The log lines of all processes. */
  readonly lines: readonly string[];
}

const PASSWORD = 'password-of-a-test-and-of-nothing-else';
const TOKEN = 'token-of-a-test-and-of-nothing-else';
const SHORT = {
  ACK_WAIT_MS: 1_500,
  RETRY_DELAY_MS: 100,
  PULL_EXPIRES_MS: 1_000,
  REQUEST_TIMEOUT_MS: 2_000,
  LEASE_MS: 1_500,
  RECONCILE_MS: 500,
  COLLECT_MS: 60_000,
  CANARY_MS: 500,
  DRAIN_MS: 2_000,
};

interface Running {
  readonly child: ChildProcess;
  readonly grpc: number;
  readonly metrics: number;
}

/** @param model the folder of a checkpoint */
export async function startStageSystem(model: string): Promise<StageSystem> {
  const server = await startTestNats({ extra: users() });
  const lines: string[] = [];
  const running = new Map<StageProcess, Running>();
  await using cleanup = new AsyncDisposableStack();
  cleanup.use(server);
  cleanup.defer(async () => {
    await Promise.all([...running.keys()].map((name) => stop(name, 'SIGKILL')));
  });

  // Without the compute lock: a process that a test pauses would keep the lock.
  const environment = (user: string) => ({
    ...process.env,
    ...Object.fromEntries(Object.entries(SHORT).map(([name, value]) => [name, String(value)])),
    NATS_URL: server.url,
    NATS_USER: user,
    NATS_PASSWORD: PASSWORD,
    MODEL_DIR: model,
    STAGE_TOKEN: TOKEN,
    GRPC_PORT: '0',
    METRICS_PORT: '0',
    THREADS: '1',
    EXECUTION_PROVIDER: 'cpu',
  });
  const launch = (name: string) => {
    const child = spawn(process.execPath, [program(`services/${name}/src/main.ts`)], {
      env: environment(name),
      stdio: ['ignore', 'inherit', 'pipe'],
    });
    createInterface(child.stderr).on('line', (line) => lines.push(line));
    return child;
  };

  async function start(name: StageProcess): Promise<void> {
    const before = lines.length;
    const [service = ''] = name.split('#');
    const child = launch(service);
    for (let tries = 0; tries < 300; tries++) {
      const said = lines.slice(before).find((line) => line.includes(`"${service}"`) && line.includes('"started"'));
      if (said) {
        const { port, metrics } = JSON.parse(said) as { port: number; metrics: number };
        running.set(name, { child, grpc: port, metrics });
        return;
      }
      if (hasEnded(child)) break;
      await delay(50);
    }
    child.kill('SIGKILL');
    throw new Error(`${name} did not start:\n${lines.slice(before).join('\n')}`);
  }

  async function stop(name: StageProcess, signal: NodeJS.Signals): Promise<number | null> {
    const child = running.get(name)?.child;
    running.delete(name);
    if (!child || hasEnded(child)) return child?.exitCode ?? null;
    child.kill(signal);
    const [code] = (await once(child, 'exit')) as [number | null];
    return code;
  }

  const provisioner = launch('provisioner');
  const [status] = (await once(provisioner, 'exit')) as [number | null];
  if (status !== 0) throw new Error(`the provisioner failed:\n${lines.join('\n')}`);
  const gateway = await startGateway(server, (line) => lines.push(line));
  cleanup.use(gateway);
  const { ref: modelRef, checkpoint } = await openNamedCheckpoint(model);
  await Promise.all(STAGE_SERVICES.map(start));

  async function until(ref: VideoRef, wanted: (stored: StoredRecord) => boolean): Promise<StoredRecord> {
    for (let tries = 0; tries < 1_500; tries++) {
      const stored = await gateway.records.get(ref);
      if (stored && wanted(stored)) return stored;
      await delay(20);
    }
    throw new Error(`timed out waiting for a record:\n${lines.join('\n')}`);
  }

  const kept = cleanup.move();
  return {
    ...gateway,
    token: TOKEN,
    lines,
    start,
    stop,
    until,
    address: (name) => `127.0.0.1:${running.get(name)?.grpc ?? 0}`,
    pid: (name) => running.get(name)?.child.pid ?? 0,
    metricsUrl: (name) => `http://127.0.0.1:${running.get(name)?.metrics ?? 0}`,
    create: (photo, request) => gateway.create(photo, createPlan(checkpoint.card, modelRef.digest, request)),
    finished: (ref) => until(ref, ({ record }) => isTerminal(record)),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode !== null || signalCode !== null;

/** The parts of a gateway that make videos, without its server. */
async function startGateway(server: TestNats, say: (line: string) => void) {
  const settings = pipelineSettings(SHORT);
  const credentials = { NATS_URL: server.url, NATS_USER: 'gateway', NATS_PASSWORD: PASSWORD };
  const nats = await connectNats('gateway', credentials);
  const log = createLog('gateway', { write: say });
  logConnection(nats, log);
  const records = await openRecords(nats, settings);
  const { requests, quotaStore } = await openAdmissionPorts(nats, settings);
  const artifacts = await openArtifacts(nats, settings);
  const table = await openVideoTable(nats, settings, log);
  const ended = new AbortController();
  const tasks = createTaskQueue(nats, settings, log);
  const ports = createHousekeepingPorts(nats, settings, log);
  const options = { ...ports, table, records, requests, quotaStore, artifacts, tasks, settings, log };
  const housekeeping = runHousekeeper(options, 'test', ended.signal);
  return {
    nats,
    records,
    artifacts,
    async create(photo: Uint8Array, plan: ReturnType<typeof createPlan>): Promise<VideoRef> {
      const request = { owner: 'ann', requestId: v7(), body: photo };
      const unlimited = {
        check: () => undefined,
        take: (ids: readonly string[]) => Promise.resolve({ count: ids.length, refusal: null }),
        giveBack: () => Promise.resolve(),
      };
      const video = { ...request, admission: unlimited, prepare: () => Promise.resolve({ plan, photo }) };
      const { record } = await createVideo({ records, requests, artifacts, table, settings }, video);
      return { owner: record.owner, videoId: record.videoId };
    },
    async [Symbol.asyncDispose]() {
      ended.abort();
      await housekeeping;
      await table[Symbol.asyncDispose]();
      await nats.close();
    },
  };
}

/** The accounts of a real system, in which each service has only its own permissions. */
function users(): string {
  const config = natsConfig({
    port: 0,
    storeFolder: '',
    maxMemory: 0,
    maxDisk: 0,
    pidFile: '',
    users: Object.entries(USER_PERMISSIONS).map(([name, permissions]) => ({
      name,
      password: PASSWORD,
      allow: allowLists(name, permissions),
    })),
  });
  return config.slice(config.indexOf('accounts {'));
}
