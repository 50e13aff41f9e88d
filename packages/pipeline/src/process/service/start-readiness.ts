import type { RpcServer } from '@cinematica/protocol';
import type { Artifacts } from '../../domain/ports/artifacts.ts';
import { startCanary } from '../../nats/canary.ts';
import type { NatsConnection } from '../../nats/connect.ts';
import { startStorageCheck } from '../../storage/storage-check.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { serveMetrics } from './metrics-server.ts';
import type { MetricsServer, MetricsServerOptions } from './metrics-server.ts';
import type { StageConfig } from './stage-config.ts';

/** The settings of the pipeline, and the address of the metrics server. */
type ReadinessSettings = Omit<StageConfig, 'STAGE_TOKEN' | 'GRPC_HOST' | 'GRPC_PORT' | 'DRAIN_MS'>;

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
  readonly config: ReadinessSettings;
  /** Artifacts in S3 are checked, if the service uses some. Default: it uses none. */
  readonly artifacts?: Pick<Artifacts, 'check'>;
  readonly log: Log;
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
 * Starts the canary, the check of S3 and the metrics server of a process with a gRPC server.
 * @param cleanup receives what stops them.
 * @throws Error that names METRICS_PORT when the port cannot be opened.
 */
export async function startReadiness(
  { name, nats, server, metrics, config, artifacts, log, stopping, report, details }: ReadinessParts,
  cleanup: AsyncDisposableStack,
): Promise<MetricsServer> {
  const ready = (): boolean => canary.healthy && (storage?.healthy ?? true) && !stopping.aborted;
  const onCanary = (failures: number): void => {
    metrics.canaryFailures.set(failures);
    server.setServing(ready());
  };
  const onStorage = (failures: number): void => {
    metrics.s3Failures.set(failures);
    server.setServing(ready());
  };
  const canary = startCanary(nats, name, config, onCanary, report);
  cleanup.defer(() => canary.close());
  const check = artifacts && { service: name, artifacts, settings: config, log, onChange: onStorage };
  const storage = check ? startStorageCheck(check) : null;
  cleanup.defer(() => storage?.close());
  return cleanup.use(
    await serveMetrics({
      host: config.METRICS_HOST,
      port: config.METRICS_PORT,
      registry: metrics.registry,
      ready,
      details: () => ({ ...details?.(), ...storage?.details() }),
    }),
  );
}
