import {
  countLateWebhooks,
  createHousekeepingPorts,
  createTaskQueue,
  readStorageUse,
  runHousekeeper,
  startCanary,
  startStorageCheck,
} from '@cinematica/pipeline';
import type { Log, Metrics, NatsConnection, StorageCheck } from '@cinematica/pipeline';
import { serveMetrics } from '@cinematica/pipeline/service';
import { createRpcServer, ExternalScaler } from '@cinematica/protocol';
import { randomUUID } from 'node:crypto';
import { Gauge } from 'prom-client';
import type { Config } from './config.ts';
import type { HealthService } from './rpc/health.ts';
import { createScaler } from './scaler/scaler.ts';
import type { PipelineView } from './start-pipeline-view.ts';
import { watchStorage } from './watch-storage.ts';

/** The dependencies of the servers and jobs for operators. All of them are required. */
export interface OperationsParts {
  /** The addresses of the servers, and the intervals of the canary and of the housekeeping. */
  readonly config: Config;
  /** Canaries are sent and tasks are published here. */
  readonly nats: NatsConnection;
  /** Receives failed calls of the scaler, and what the housekeeping did. */
  readonly log: Log;
  /** Served as `/metrics`. */
  readonly metrics: Metrics;
  /** The demand of each stage is counted here. */
  readonly view: PipelineView;
  /** Set by the canary; decides what `/readyz` of the metrics server answers. */
  readonly health: HealthService;
  /** Once it is aborted, the canary no longer sets the health to serving. */
  readonly draining: AbortSignal;
}

/** The ports for operators; undefined for a server that is not configured. */
export interface OperationsPorts {
  readonly metricsPort: number | undefined;
  readonly scalerPort: number | undefined;
}

/**
 * Starts the canary, the check of S3, the metrics server for Prometheus, and the scaler for KEDA.
 * @param cleanup receives what stops them.
 * @throws Error that names METRICS_PORT or SCALER_PORT when the port cannot be opened.
 */
export async function startOperations(
  { config, nats, log, metrics, view, health, draining }: OperationsParts,
  cleanup: AsyncDisposableStack,
): Promise<OperationsPorts> {
  const updateHealth = (): void => health.set(canary.healthy && (storage?.healthy ?? true) && !draining.aborted);
  const canary = startCanary(nats, 'gateway', config, (failures) => {
    metrics.canaryFailures.set(failures);
    updateHealth();
  });
  cleanup.defer(() => canary.close());
  const storage = startStorageCheck({
    service: 'gateway',
    artifacts: view.artifacts,
    settings: config,
    log,
    onChange(failures) {
      metrics.s3Failures.set(failures);
      updateHealth();
    },
  });
  cleanup.defer(() => storage?.close());
  metrics.watchQueue(view.queue);
  watchStorage(metrics, () => readStorageUse(nats, config), view.artifacts, log);
  new Gauge({
    name: 'cinematica_webhooks_late',
    help: 'Webhooks of all videos whose attempt is overdue by more than twice ACK_WAIT_MS.',
    registers: [metrics.registry],
    collect() {
      this.set(countLateWebhooks(view.table, config));
    },
  });
  return {
    metricsPort: await startMetricsServer(config, metrics, health, storage, cleanup),
    scalerPort: await startScaler(config, log, view, cleanup),
  };
}

async function startMetricsServer(
  { METRICS_HOST, METRICS_PORT }: Config,
  { registry }: Metrics,
  health: HealthService,
  storage: StorageCheck | null,
  cleanup: AsyncDisposableStack,
): Promise<number | undefined> {
  if (METRICS_PORT === undefined) return undefined;
  const ready = () => health.serving;
  const details = () => ({ ...storage?.details() });
  const server = cleanup.use(await serveMetrics({ host: METRICS_HOST, port: METRICS_PORT, registry, ready, details }));
  return server.port;
}

async function startScaler(
  { SCALER_HOST, SCALER_PORT }: Config,
  log: Log,
  { queue, table, reports }: PipelineView,
  cleanup: AsyncDisposableStack,
): Promise<number | undefined> {
  if (SCALER_PORT === undefined) return undefined;
  const server = createRpcServer({
    // KEDA sends no token.
    tokens: null,
    onFault: (fault, method) => log.error('call failed', fault.cause ?? fault, { method: method.name }),
  });
  server.add(ExternalScaler, createScaler(queue, table, reports));
  server.setServing(true);
  const port = await server.listen(`${SCALER_HOST}:${SCALER_PORT}`).catch((cause: unknown) => {
    throw new Error(`SCALER_PORT=${SCALER_PORT}: ${(cause as Error).message}`, { cause });
  });
  cleanup.defer(() => server.close(0));
  return port;
}

/**
 * Starts the housekeeping, which runs in one gateway of many.
 * @param cleanup receives what ends it and gives up its lease, so that another gateway takes over without delay.
 */
export function startHousekeeping(
  { config, nats, log, view }: Pick<OperationsParts, 'config' | 'nats' | 'log' | 'view'>,
  cleanup: AsyncDisposableStack,
): void {
  const { table, records, requests, quotaStore, artifacts } = view;
  const ended = new AbortController();
  const housekeeping = runHousekeeper(
    {
      ...createHousekeepingPorts(nats, config, log),
      table,
      records,
      requests,
      quotaStore,
      artifacts,
      tasks: createTaskQueue(nats, config, log),
      settings: config,
      log,
    },
    randomUUID(),
    ended.signal,
  ).catch((error: unknown) => log.error('housekeeping failed', error));
  cleanup.defer(() => {
    ended.abort();
    return housekeeping;
  });
}
