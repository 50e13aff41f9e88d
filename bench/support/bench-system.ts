import { createCinematica } from '@cinematica/client';
import type { VideoRpc } from '@cinematica/client';
import { connectNats, openRecords, pipelineSettings } from '@cinematica/pipeline';
import type { StoredRecord } from '@cinematica/pipeline';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readApiKey } from '../../scripts/launch/api-key.ts';
import { apiKeyPath } from '../../scripts/launch/data-folder.ts';
import { createLauncher } from '../../scripts/launch/launcher.ts';
import { freePorts } from '../../scripts/launch/ports.ts';
import { DEFAULT_TIMING } from '../../scripts/launch/supervise.ts';
import { cinematica } from '../../scripts/launch/system.ts';
import { startTestNats } from '../../test/support/nats-server.ts';

/** The traffic of the NATS server so far, in and out. */
export interface Traffic {
  readonly messages: number;
  readonly bytes: number;
}

/** Counters of the services. */
export interface Counters {
  /** Bytes of the artifacts that a stage wrote or read, by a name such as `denoise written`. */
  readonly artifacts: ReadonlyMap<string, number>;
  /** CPU seconds of each service, without its ONNX Runtime process. */
  readonly cpu: ReadonlyMap<string, number>;
}

/** A complete system in a temporary folder, with access to its records and counters. */
export interface BenchSystem extends AsyncDisposable {
  readonly url: string;
  readonly client: VideoRpc;
  /** @param name `videos/{uuid}` */
  record(name: string): Promise<StoredRecord>;
  /** The traffic of the NATS server so far. */
  traffic(): Promise<Traffic>;
  /** The counters of the services so far. */
  counters(): Promise<Counters>;
}

/** @param env environment variables in addition to those of this process */
export async function startBenchSystem(model: string, env: NodeJS.ProcessEnv): Promise<BenchSystem> {
  await using cleanup = new AsyncDisposableStack();
  const data = await mkdtemp(join(tmpdir(), 'cinematica-bench-'));
  cleanup.defer(() => rm(data, { recursive: true, force: true }));
  const [port = 0, monitor = 0] = await freePorts(2);
  // A NATS server like that of the launcher, but with a monitoring port.
  const nats = cleanup.use(await startTestNats({ extra: `http: "127.0.0.1:${monitor}"` }));
  const say = (line: string): void => console.error(`› ${line}`);
  const options = { port, lan: false, model, data };
  const launcher = createLauncher(
    cinematica(join(import.meta.dirname, '..', '..')),
    options,
    { ...process.env, ...env, NATS_URL: nats.url },
    { say, ...DEFAULT_TIMING },
  );
  cleanup.defer(() => launcher.stop());
  const url = await launcher.start(new AbortController().signal);
  const connection = await connectNats('bench', { NATS_URL: nats.url });
  cleanup.defer(() => connection.close());
  const records = await openRecords(connection, pipelineSettings());

  const kept = cleanup.move();
  return {
    url,
    client: createCinematica({ baseUrl: url, apiKey: (await readApiKey(apiKeyPath(data))) ?? undefined }).rpc,
    async record(name) {
      const stored = await records.get({ owner: 'key-local', videoId: name.replace('videos/', '') });
      if (!stored) throw new Error(`there is no record of ${name}`);
      return stored;
    },
    async traffic() {
      const answer = (await (await fetch(`http://127.0.0.1:${monitor}/varz`)).json()) as Record<string, number>;
      const { in_msgs = 0, out_msgs = 0, in_bytes = 0, out_bytes = 0 } = answer;
      return { messages: in_msgs + out_msgs, bytes: in_bytes + out_bytes };
    },
    async counters() {
      const [artifacts, cpu] = [new Map<string, number>(), new Map<string, number>()];
      for (const file of await readdir(join(data, 'logs'))) {
        const address = await metricsOf(join(data, 'logs', file));
        if (address === null) continue;
        const text = await (await fetch(address)).text();
        for (const [, name, labels = '', value] of text.matchAll(/^(\w+)\{(.*)\} (\S+)$/gm)) {
          const label = (key: string) => new RegExp(`\\b${key}="(\\w+)"`).exec(labels)?.[1] ?? '';
          if (name === 'process_cpu_seconds_total') cpu.set(label('service'), Number(value));
          if (name !== 'cinematica_artifact_bytes_total') continue;
          artifacts.set(`${label('stage')} ${label('direction')}`, Number(value));
        }
      }
      return { artifacts, cpu };
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** Finds the address of a service's metrics in its log. */
async function metricsOf(logFile: string): Promise<string | null> {
  const started = (await readFile(logFile, 'utf8')).split('\n').find((line) => line.includes('"started"'));
  if (started === undefined) return null;
  const { metrics } = JSON.parse(started) as { metrics?: number };
  return metrics === undefined ? null : `http://127.0.0.1:${metrics}/metrics`;
}
