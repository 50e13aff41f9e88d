/** A gateway process with its own nats-server, for tests and benchmarks. */
import {
  connectNats,
  createLog,
  openArtifacts,
  openRecords,
  openVideoTable,
  pipelineSettingsSchema,
  provision,
} from '@cinematica/pipeline';
import type { Artifacts, Records, VideoRef } from '@cinematica/pipeline';
import { openNamedCheckpoint } from '@cinematica/pipeline/model';
import { VideoService } from '@cinematica/protocol/v1';
import { createClient } from '@connectrpc/connect';
import type { Client, Interceptor } from '@connectrpc/connect';
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from '@connectrpc/connect-node';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startTestNats } from '../../../../test/support/nats-server.ts';
import type { TestNats, TestNatsOptions } from '../../../../test/support/nats-server.ts';
import { program, START_ENV } from '../../../../test/support/program.ts';
import { digestOfKey } from '../callers/api-keys.ts';

/** The model of test gateways. */
export const MODEL = join(import.meta.dirname, '../../../../test/golden/tiny-xt/checkpoint');

/** The valid API keys by owner. */
export const KEYS = { ann: 'key-of-ann', bob: 'key-of-bob' } as const;

export type Protocol = 'connect' | 'grpc-web' | 'grpc';

/** How a client calls the gateway. */
export interface ClientOptions {
  /** Default `connect`. */
  readonly protocol?: Protocol;
  /** An API key; null for none. Default: Ann's key. */
  readonly key?: string | null;
  /** A cookie jar, which responses set and calls send. Default: no cookies. */
  readonly jar?: { cookie?: string };
}

export interface TestGateway extends AsyncDisposable {
  /** The base URL of the API. */
  readonly url: string;
  readonly port: number;
  /** The port of the external scaler; 0 when SCALER_PORT is not set. */
  readonly scalerPort: number;
  readonly pid: number;
  /** The file of the API keys. */
  readonly keysFile: string;
  /** Reads `/metrics`. */
  metrics(): Promise<string>;
  /** All lines of the log so far. */
  readonly log: readonly string[];
  readonly nats: TestNats;
  readonly records: Records;
  readonly artifacts: Artifacts;
  /** The videos of all owners. */
  videos(): Promise<VideoRef[]>;
  client(options?: ClientOptions): Client<typeof VideoService>;
  /** Sends SIGTERM and waits for the end. @returns the exit code. */
  stop(): Promise<number | null>;
}

/** @param env further environment variables of the gateway. */
export async function startTestGateway(
  env: Readonly<Record<string, string>> = {},
  natsOptions: TestNatsOptions = {},
): Promise<TestGateway> {
  const nats = await startTestNats(natsOptions);
  const home = await mkdtemp(join(tmpdir(), 'cinematica-gateway-'));
  const keysFile = join(home, 'keys');
  const lines = Object.entries(KEYS).map(([name, key]) => `${name} ${digestOfKey(key).toString('hex')}`);
  await writeFile(keysFile, `# the keys of the tests\n\n${lines.join('\n')}\n`);
  const settings = pipelineSettingsSchema.parse({ ...env });
  const connection = await connectNats('test', { NATS_URL: nats.url });
  const { ref } = await openNamedCheckpoint(MODEL);
  await provision(connection, settings, [ref]);

  const log: string[] = [];
  const child = spawn(process.execPath, [program('services/gateway/src/main.ts')], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      ...START_ENV,
      NATS_URL: nats.url,
      HTTP_PORT: '0',
      METRICS_PORT: '0',
      MODEL_DIR: MODEL,
      COOKIE_SECRET: 'c'.repeat(32),
      MEDIA_SECRET: 'm'.repeat(32),
      API_KEYS_FILE: keysFile,
      CANARY_MS: '250',
      RECONCILE_MS: '500',
      LEASE_MS: '1500',
      ...env,
    },
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => log.push(...text.split('\n').filter(Boolean)));
  const { port, metrics, scaler = 0 } = await readPorts(child, log);
  const url = `http://127.0.0.1:${port}`;
  await untilReady(url);

  return {
    url,
    port,
    scalerPort: scaler,
    pid: child.pid ?? 0,
    keysFile,
    log,
    nats,
    metrics: async () => (await fetch(`http://127.0.0.1:${metrics}/metrics`)).text(),
    records: await openRecords(connection, settings),
    artifacts: await openArtifacts(connection, settings),
    videos: () => listVideos(connection, settings, createLog('test', { level: 'error' })),
    client: (options) => createTestClient(url, options),
    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        const gone = once(child, 'exit');
        child.kill('SIGTERM');
        await gone;
      }
      return child.exitCode;
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) {
        const gone = once(child, 'exit');
        child.kill('SIGKILL');
        await gone;
      }
      await connection.close();
      await nats[Symbol.asyncDispose]();
      await rm(home, { recursive: true });
    },
  };
}

async function listVideos(...storage: Parameters<typeof openVideoTable>): Promise<VideoRef[]> {
  await using table = await openVideoTable(...storage);
  return [...table.videos.values()].map(({ record: { owner, videoId } }) => ({ owner, videoId }));
}

/** Collects all messages of a stream. */
export async function readAll<T>(messages: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const message of messages) all.push(message);
  return all;
}

interface Ports {
  readonly port: number;
  readonly metrics: number;
  readonly scaler?: number;
}

async function readPorts(child: ChildProcess, log: readonly string[]): Promise<Ports> {
  for (let tries = 0; tries < 300; tries++) {
    const line = log.find((each) => each.includes('"started"'));
    if (line) return JSON.parse(line) as Ports;
    if (child.exitCode !== null) break;
    await delay(50);
  }
  throw new Error(`the gateway did not start: ${log.join('\n')}`);
}

async function untilReady(url: string): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if ((await fetch(`${url}/readyz`)).ok) return;
    await delay(50);
  }
  throw new Error('the gateway did not become ready');
}

function createTestClient(baseUrl: string, { protocol = 'connect', key = KEYS.ann, jar }: ClientOptions = {}) {
  const identify: Interceptor = (next) => async (request) => {
    if (key !== null) request.header.set('authorization', `Bearer ${key}`);
    if (jar?.cookie !== undefined) request.header.set('cookie', jar.cookie);
    const response = await next(request);
    const set = response.header.get('set-cookie');
    if (jar && set !== null) jar.cookie = set.split(';', 1)[0] ?? '';
    return response;
  };
  const options = { baseUrl, interceptors: [identify] };
  switch (protocol) {
    case 'connect':
      return createClient(VideoService, createConnectTransport({ ...options, httpVersion: '1.1' }));
    case 'grpc-web':
      return createClient(VideoService, createGrpcWebTransport({ ...options, httpVersion: '1.1' }));
    case 'grpc':
      return createClient(VideoService, createGrpcTransport(options));
  }
}
