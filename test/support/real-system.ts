import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  connectNats,
  createLog,
  openArtifacts,
  openRecords,
  openVideoTable,
  pipelineSettingsSchema,
} from '@cinematica/pipeline';
import type { Artifacts, PipelineSettings, Records, VideoTable } from '@cinematica/pipeline';
import { VideoService } from '@cinematica/protocol/v1';
import { createClient } from '@connectrpc/connect';
import type { Client, Interceptor } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import type { NatsConnection } from '@nats-io/transport-node';
import { openDataFolder } from '../../scripts/launch/data-folder.ts';
import { createLauncher } from '../../scripts/launch/launcher.ts';
import { USER_PERMISSIONS } from '@cinematica/pipeline/nats-access';
import { freePorts } from '../../scripts/launch/ports.ts';
import { ensureSecrets } from '../../scripts/launch/secrets.ts';
import { cinematica } from '../../scripts/launch/system.ts';
import { natsServerPath } from './nats-server.ts';
import { freePortPair } from './port-pair.ts';
import { program } from './program.ts';

export const STAGE_SERVICES = ['encoder', 'denoiser', 'decoder', 'muxer'] as const;
export type StageService = (typeof STAGE_SERVICES)[number];
export type ServiceName = StageService | 'gateway';

/** Callers of the API, each with its own key. The videos of `ann` belong to the owner `key-ann`. */
export const CALLERS = ['ann', 'bob', 'cid', 'zed'] as const;
export type Caller = (typeof CALLERS)[number];
export const ownerOf = (caller: Caller): string => `key-${caller}`;

export type VideoClient = Client<typeof VideoService>;

/**
 * The whole system as `npm start` runs it: NATS with one user for each service, and one process for each service, which is
 * restarted when it ends. Its intervals are short.
 */
export interface RealSystem extends AsyncDisposable {
  /** The address of the gateway. */
  readonly url: string;
  /** The data folder: the files of NATS, the secrets, the logs. */
  readonly folder: string;
  readonly settings: PipelineSettings;
  client(caller: Caller): VideoClient;
  /** A connection with the permissions of the gateway. */
  readonly nats: NatsConnection;
  readonly records: Records;
  /** All records, as they change. */
  readonly table: VideoTable;
  readonly artifacts: Artifacts;
  /** The process id; null while the process is being restarted. */
  pid(name: ServiceName | 'nats'): Promise<number | null>;
  /** The ids of a service's child processes: ONNX Runtime, ffmpeg, photo processes. */
  children(name: ServiceName): Promise<number[]>;
  /** The sum of a stage's metric over all labels. */
  metric(name: StageService, metric: string): Promise<number>;
  /** How long the start took, as a measure of this machine's speed. Milliseconds. */
  readonly startTime: number;
  /** The address of Prometheus. Undefined unless the system was started with `observe`. */
  readonly prometheusUrl: string | undefined;
  /** The lines that `npm start` prints for its user. */
  readonly said: readonly string[];
}

const ROOT = join(import.meta.dirname, '../..');
const MODEL = join(import.meta.dirname, '../golden/tiny-xt/checkpoint');
const keyOf = (caller: Caller): string => `key-of-${caller}`;

const SHORT = {
  ACK_WAIT_MS: '1500',
  PROGRESS_DEADLINE_MS: '30000',
  STOP_GRACE_MS: '1000',
  RETRY_DELAY_MS: '100',
  PULL_EXPIRES_MS: '1000',
  REQUEST_TIMEOUT_MS: '2000',
  LEASE_MS: '1500',
  RECONCILE_MS: '500',
  COLLECT_MS: '1000',
  ORPHAN_AGE_MS: '3000',
  UNDO_MS: '1500',
  CANARY_MS: '500',
  DRAIN_MS: '2000',
  CALLS_PER_SECOND: '1000',
};

export interface RealSystemOptions {
  /** The folder of a checkpoint. @default the test fixture with random weights */
  readonly model?: string;
  /** Also starts Prometheus, as `npm start -- --observe` does; PROMETHEUS must be the path of the program. @default false */
  readonly observe?: boolean;
  /** The data folder, which is kept. @default a new folder, which is removed */
  readonly data?: string;
}

/** @param env environment variables that replace the short intervals or the defaults */
export async function startRealSystem(
  env: Readonly<Record<string, string>> = {},
  options: RealSystemOptions = {},
): Promise<RealSystem> {
  const { model = MODEL, observe = false } = options;
  await using cleanup = new AsyncDisposableStack();
  const home = await mkdtemp(join(tmpdir(), 'cinematica-system-'));
  cleanup.defer(() => rm(home, { recursive: true, force: true }));
  const keysFile = join(home, 'keys');
  const digests = CALLERS.map((caller) => createHash('sha256').update(keyOf(caller)).digest('hex'));
  await writeFile(keysFile, CALLERS.map((caller, index) => `${caller} ${digests[index] ?? ''}\n`).join(''));
  const data = options.data ?? join(home, 'data');
  const dataFolder = await openDataFolder(data, AbortSignal.timeout(10_000));
  const { logs, nats: natsFiles } = dataFolder;
  const { nats: passwords } = await ensureSecrets(dataFolder.secretsFile, Object.keys(USER_PERMISSIONS));
  // The launcher opens the folder itself.
  await dataFolder[Symbol.asyncDispose]();

  const surroundings: NodeJS.ProcessEnv = {
    ...process.env,
    NATS_SERVER: await natsServerPath(),
    API_KEYS_FILE: keysFile,
    THREADS: '1',
    EXECUTION_PROVIDER: 'cpu',
    ...SHORT,
    ...env,
  };
  // The system starts its own NATS server, even if NATS_URL names another one.
  delete surroundings.NATS_URL;
  const said: string[] = [];
  const port = observe ? await freePortPair() : (await freePorts(1))[0]!;
  const supervision = { say: (line: string) => void said.push(line), backoffMs: 20, graceMs: 5_000 };
  const launcher = createLauncher(
    cinematica(ROOT),
    { port, lan: false, observe, model, data },
    surroundings,
    supervision,
  );
  cleanup.defer(async () => {
    launcher.kill();
    await launcher.stop();
  });
  const startedAt = Date.now();
  const url = await launcher.start(AbortSignal.timeout(180_000));
  const startTime = Date.now() - startedAt;

  const listens = /listen: "([^"]+)"/.exec(await readFile(natsFiles.config, 'utf8'))?.[1] ?? '';
  const credentials = { NATS_USER: 'gateway', NATS_PASSWORD: passwords.gateway };
  const nats = await connectNats('gateway', { NATS_URL: `nats://${listens}`, ...credentials });
  cleanup.defer(() => nats.close());
  const settings = pipelineSettingsSchema.parse({ ...SHORT, ...env });
  const records = await openRecords(nats, settings);
  const table = cleanup.use(await openVideoTable(nats, settings, createLog('test', { level: 'error' })));

  async function pid(name: ServiceName | 'nats'): Promise<number | null> {
    if (name === 'nats') return Number(await readFile(natsFiles.pidFile, 'utf8').catch(() => '')) || null;
    return servicePid(name);
  }

  const kept = cleanup.move();
  return {
    prometheusUrl: launcher.prometheusUrl,
    url,
    folder: data,
    settings,
    nats,
    records,
    table,
    startTime,
    said,
    pid,
    artifacts: await openArtifacts(nats, settings),
    client: (caller) => clientOf(url, caller),
    async children(name) {
      const parent = await pid(name);
      return parent === null ? [] : serviceChildren(parent);
    },
    async metric(name, metric) {
      const log = await readFile(join(logs, `${name}.log`), 'utf8');
      const started = log.split('\n').find((line) => line.includes('"started"')) ?? '{}';
      const { metrics } = JSON.parse(started) as { readonly metrics?: number };
      const text = await (await fetch(`http://127.0.0.1:${metrics ?? 0}/metrics`)).text();
      const values = text.matchAll(new RegExp(`^${metric}\\{.*\\} (\\S+)$`, 'gm'));
      return [...values].reduce((sum, [, value]) => sum + Number(value), 0);
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** @param launcher the id of the process that started the system. @returns null while the service is being restarted */
export async function servicePid(name: ServiceName, launcher = process.pid): Promise<number | null> {
  const [found] = await processes('-P', String(launcher), '-f', program(`services/${name}/src/main.ts`));
  return found ?? null;
}

/** The ids of a service's child processes: ONNX Runtime, ffmpeg, photo processes. */
export function serviceChildren(parent: number): Promise<number[]> {
  // The guard of the launcher, a shell, is a child of the service, too.
  return processes('-P', String(parent), '-f', 'child[.](ts|js)|ffmpeg');
}

/** The ids of the processes that pgrep finds. */
async function processes(...args: readonly string[]): Promise<number[]> {
  const { stdout } = await promisify(execFile)('pgrep', [...args]).catch(() => ({ stdout: '' }));
  return stdout.split('\n').filter(Boolean).map(Number);
}

function clientOf(baseUrl: string, caller: Caller): VideoClient {
  const identify: Interceptor = (next) => (request) => {
    request.header.set('authorization', `Bearer ${keyOf(caller)}`);
    return next(request);
  };
  return createClient(VideoService, createConnectTransport({ baseUrl, httpVersion: '1.1', interceptors: [identify] }));
}
