import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Supervised, Supervision } from '../supervise.ts';
import { readPanels } from './dashboard.ts';
import { findGrafana, superviseGrafana } from './grafana.ts';
import type { Link } from './pages/layout.ts';
import type { ObservePorts } from './ports.ts';
import { supervisePrometheus } from './prometheus.ts';
import { createPrometheusClient } from './prometheus-client.ts';
import type { Target } from './prometheus-config.ts';
import { createSpanStore } from './span-store.ts';
import { startWatchServer } from './watch-server.ts';

/** What looks at a system while it runs. */
export interface Observation {
  /** What the services have to be told. */
  readonly env: NodeJS.ProcessEnv;
  /** Resolves when metrics are read. @throws LaunchError */
  readonly started: Promise<unknown>;
  /** Where to look. */
  readonly views: readonly Link[];
  stop(): Promise<void>;
  kill(): void;
}

export interface ObservationOptions {
  /** In the data folder: what was measured outlasts the system. */
  readonly folder: string;
  readonly logs: string;
  readonly ports: ObservePorts;
  readonly targets: readonly Target[];
  /** The launcher's own: PROMETHEUS (the program), and OpenTelemetry's variables. */
  readonly env: NodeJS.ProcessEnv;
  readonly supervision: Supervision;
}

/** The very files that a cluster gets. */
const MONITORING = join(import.meta.dirname, '../../../deploy/k8s/components/monitoring');
const ALERTS = join(MONITORING, 'alerts.yaml');
const DASHBOARD = join(MONITORING, 'dashboard.json');

/**
 * Starts Prometheus, Grafana if it is installed, and a page that shows the dashboard and the traces without it. All of it
 * is for this machine only.
 */
export async function startObservation(options: ObservationOptions): Promise<Observation> {
  const { folder, logs, ports, targets, env, supervision } = options;
  const [pageUrl, prometheusUrl, grafanaUrl] = [ports.page, ports.prometheus, ports.grafana].map(
    (port) => `http://127.0.0.1:${port}`,
  ) as [string, string, string];
  // Set to nothing, they are not set.
  const collector = [env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, env.OTEL_EXPORTER_OTLP_ENDPOINT].find(Boolean);
  const others: Link[] = [];
  const page = await startWatchServer(ports.page, {
    prometheus: createPrometheusClient(prometheusUrl),
    panels: readPanels(await readFile(DASHBOARD, 'utf8')),
    spans: createSpanStore(),
    collector,
    // Those that have pages; they come as they start.
    links: () => others.filter(({ note }) => note === undefined),
  });

  const prometheus = await supervisePrometheus({
    ...{ command: env.PROMETHEUS ?? 'prometheus', folder: join(folder, 'prometheus'), port: ports.prometheus },
    ...{ targets, alerts: ALERTS, logFile: join(logs, 'prometheus.log'), supervision },
  });
  const programs: Supervised[] = [prometheus];
  const starts: Promise<unknown>[] = [
    prometheus.started.then(async () => void others.push(await lookAt(prometheusUrl))),
  ];

  const program = findGrafana(env.PATH);
  if (program !== null) {
    const grafana = await superviseGrafana({
      ...{ program, folder: join(folder, 'grafana'), port: ports.grafana, prometheus: prometheusUrl },
      ...{ dashboard: DASHBOARD, logFile: join(logs, 'grafana.log'), supervision },
    });
    programs.push(grafana);
    const shown = () => void others.push({ title: 'Grafana', href: grafanaUrl });
    // What it shows is shown without it.
    const without = (error: unknown) => supervision.say(error instanceof Error ? error.message : String(error));
    starts.push(grafana.started.then(shown, without));
  }
  const started = Promise.all(starts);
  // Whoever stops before looking at it is not told.
  started.catch(() => undefined);

  return {
    env: collector === undefined ? { OTEL_EXPORTER_OTLP_ENDPOINT: pageUrl } : {},
    started,
    get views() {
      const traces = { title: 'Traces', href: collector ?? `${pageUrl}/traces` };
      return [{ title: 'Metrics', href: pageUrl }, traces, ...others];
    },
    async stop() {
      await Promise.all(programs.map((one) => one.stop()));
      await page[Symbol.asyncDispose]();
    },
    kill() {
      for (const one of programs) one.kill();
    },
  };
}

/** Debian's package has no pages, unless it is installed as a whole. */
async function lookAt(href: string): Promise<Link> {
  const pages = await fetch(href).then(
    ({ ok }) => ok,
    () => false,
  );
  return { title: 'Prometheus', href, ...(!pages && { note: 'its API; this one has no pages' }) };
}
