import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { httpReady } from '../readiness.ts';
import { supervise } from '../supervise.ts';
import type { Supervised, Supervision } from '../supervise.ts';
import { prometheusConfig, rulesOf } from './config.ts';
import type { Target } from './config.ts';

export interface PrometheusOptions {
  /** The program. */
  readonly command: string;
  /** Where Prometheus keeps its configuration and its data. */
  readonly folder: string;
  /** The port of its web pages and its API, on the loopback address. */
  readonly port: number;
  /** The services whose metrics are read. */
  readonly targets: readonly Target[];
  readonly logFile: string;
  readonly supervision: Supervision;
}

/** The folder of the alert rules. */
const ALERTS = join(import.meta.dirname, '../../../deploy/k8s/components/monitoring/alerts');

/** The alert rules that a cluster gets, as a rule file of Prometheus. */
export async function readAlertRules(): Promise<string> {
  const files = (await readdir(ALERTS)).sort();
  return rulesOf(await Promise.all(files.map((file) => readFile(join(ALERTS, file), 'utf8'))));
}

/** Limits of what is kept on disk. */
const RETENTION = ['--storage.tsdb.retention.time=14d', '--storage.tsdb.retention.size=256MB'];

/** Starts Prometheus on the loopback address. Its data stays in the folder when it stops. */
export async function supervisePrometheus(options: PrometheusOptions): Promise<Supervised> {
  const { command, folder, port, targets, logFile, supervision } = options;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const config = join(folder, 'prometheus.yml');
  await writeFile(join(folder, 'rules.yml'), await readAlertRules());
  await writeFile(config, prometheusConfig(targets, 'rules.yml'));
  const address = `127.0.0.1:${port}`;
  return supervise(
    {
      name: 'Prometheus',
      command,
      args: [
        `--config.file=${config}`,
        `--storage.tsdb.path=${join(folder, 'data')}`,
        ...RETENTION,
        ...webPages(command),
        `--web.listen-address=${address}`,
        '--log.level=warn',
      ],
      env: { PATH: process.env.PATH },
      logFile,
      ready: (signal) => httpReady(`http://${address}/-/ready`, signal),
    },
    supervision,
  );
}

/** Debian's Prometheus reads its web pages from files. The set-up unpacks them beside the program. */
function webPages(command: string): string[] {
  const folder = join(dirname(command), 'share', 'prometheus', 'web');
  return existsSync(folder) ? [`--web.local-assets=${folder}/`] : [];
}
