import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { httpReady } from '../readiness.ts';
import { supervise } from '../supervise.ts';
import type { Supervised, Supervision } from '../supervise.ts';
import { prometheusConfig, rulesOf } from './prometheus-config.ts';
import type { Target } from './prometheus-config.ts';

export interface PrometheusOptions {
  readonly command: string;
  /** For its own files. */
  readonly folder: string;
  readonly port: number;
  readonly targets: readonly Target[];
  /** The alert rules, as Kubernetes gets them. */
  readonly alerts: string;
  readonly logFile: string;
  readonly supervision: Supervision;
}

/** So long, and so much, is kept of what was measured. */
const KEPT = ['--storage.tsdb.retention.time=14d', '--storage.tsdb.retention.size=256MB'];

/** Starts Prometheus on the loopback address. What it has measured outlasts it. */
export async function supervisePrometheus(options: PrometheusOptions): Promise<Supervised> {
  const { command, folder, port, targets, alerts, logFile, supervision } = options;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const config = join(folder, 'prometheus.yml');
  await writeFile(join(folder, 'rules.yml'), rulesOf(await readFile(alerts, 'utf8')));
  await writeFile(config, prometheusConfig(targets, 'rules.yml'));
  const address = `127.0.0.1:${port}`;
  const store = `--storage.tsdb.path=${join(folder, 'data')}`;
  return supervise(
    {
      name: 'Prometheus',
      command,
      args: [`--config.file=${config}`, store, ...KEPT, `--web.listen-address=${address}`, '--log.level=warn'],
      env: { PATH: process.env.PATH },
      logFile,
      ready: (signal) => httpReady(`http://${address}/-/ready`, signal),
    },
    supervision,
  );
}
