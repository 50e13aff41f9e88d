import type { RpcServer } from '@cinematica/protocol';
import { startCanary } from '../../nats/canary.ts';
import type { NatsConnection } from '../../nats/connect.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { serveMetrics } from './metrics-server.ts';
import type { MetricsServer, MetricsServerOptions } from './metrics-server.ts';
import type { StageConfig } from './stage-config.ts';

/** What the readiness of a process depends on, and where it is shown. */
export interface ReadinessParts {
  /** The name of the service. */
  readonly name: string;
  /** Canaries are sent here. */
  readonly nats: NatsConnection;
  /** Its health is set to serving while canaries come back. */
  readonly server: RpcServer;
  /** Served as `/metrics`. */
  readonly metrics: Metrics;
  readonly config: Pick<StageConfig, 'CANARY_MS' | 'METRICS_HOST' | 'METRICS_PORT'>;
  /** Once it is aborted, the process is not ready. */
  readonly stopping: AbortSignal;
  /**
   * Creates the payload of a canary, for other services to read.
   * @default an empty payload
   */
  readonly report?: () => Uint8Array;
  /** Further fields for the answer of `/readyz`. Default: none. */
  readonly details?: MetricsServerOptions['details'];
}

/**
 * Starts the canary and the metrics server of a process with a gRPC server.
 * @param cleanup receives what stops them.
 * @throws Error that names METRICS_PORT when the port cannot be opened.
 */
export async function startReadiness(
  { name, nats, server, metrics, config, stopping, report, details }: ReadinessParts,
  cleanup: AsyncDisposableStack,
): Promise<MetricsServer> {
  const onCanary = (failures: number): void => {
    metrics.canaryFailures.set(failures);
    server.setServing(failures < 2 && !stopping.aborted);
  };
  const canary = startCanary(nats, name, config, onCanary, report);
  cleanup.defer(() => canary.close());
  return cleanup.use(
    await serveMetrics({
      host: config.METRICS_HOST,
      port: config.METRICS_PORT,
      registry: metrics.registry,
      ready: () => canary.healthy && !stopping.aborted,
      ...(details && { details }),
    }),
  );
}
