import { createMetrics, describeError } from '@cinematica/pipeline';
import type { Log, NatsConnection } from '@cinematica/pipeline';
import { Code, refuseUntil } from '@cinematica/protocol';
import { ErrorReason, ProvenanceService, PushService, VideoService } from '@cinematica/protocol/v1';
import { setTimeout as delay } from 'node:timers/promises';
import { readCredentialRoots } from './provenance/credential-roots.ts';
import type { ApiKeys } from './callers/api-keys.ts';
import type { Config } from './config.ts';
import { PHOTO_LIMITS } from './photo/photo-limits.ts';
import { startPush } from './push/start-push.ts';
import { createPhotoSanitizer } from './photo/photo-sanitizer.ts';
import { createRemoteImages } from './photo/remote-images.ts';
import { toConnectError } from './rpc/errors.ts';
import { createHealth } from './rpc/health.ts';
import { startHttp } from './start-http.ts';
import { startHousekeeping, startOperations } from './start-operations.ts';
import { startPipelineView } from './start-pipeline-view.ts';
import { countRefusals } from './watch-storage.ts';
import type { LoadedModel } from './videos/resolve-plan.ts';

/** A running gateway. */
export interface Gateway {
  /** The public port. */
  readonly port: number;
  /** The port of the metrics server; undefined when METRICS_PORT is not set. */
  readonly metricsPort: number | undefined;
  /** The port of KEDA's external scaler; undefined when SCALER_PORT is not set. */
  readonly scalerPort: number | undefined;
  /**
   * Stops the gateway: reports NOT_SERVING, ends watches with UNAVAILABLE, lets other calls end for up to `DRAIN_MS`, gives
   * up the housekeeping, closes everything else, and drains the connection to NATS. All of it takes `DRAIN_MS` and five
   * seconds at most, also while NATS is away.
   */
  stop(): Promise<void>;
}

/** The dependencies of the gateway. All of them are required. */
export interface GatewayParts {
  /** All settings. */
  readonly config: Config;
  /** The keys that services may call with. */
  readonly keys: ApiKeys;
  /** The model that new videos are made with. */
  readonly model: LoadedModel;
  /** Must have been provisioned. `stop` drains it; after a failed start the caller must close it. */
  readonly nats: NatsConnection;
  /** Receives failures, and what the housekeeping did. */
  readonly log: Log;
}

/**
 * How long everything but calls may take to end. Without it, jobs of the housekeeping would wait for NATS while it is away.
 * They can be interrupted at any moment, because each is a compare-and-set or idempotent. Milliseconds.
 */
const STOP_MS = 5_000;

/**
 * Starts a gateway. When a part cannot start, the parts that were started before it are stopped.
 * @throws Error that names the setting when a port is taken, UnavailableError when NATS has not been provisioned,
 *   PhotoProcessError when photos cannot be decoded.
 */
export async function startGateway({ config, keys, model, nats, log }: GatewayParts): Promise<Gateway> {
  // Parts are stopped in the reverse order of their start.
  await using starting = new AsyncDisposableStack();
  const metrics = createMetrics('gateway');
  metrics.about({ stage: '', model: model.ref, provider: null });
  metrics.watchCredentials(() => Promise.resolve([...keys.expiries].map(([owner, end]) => [`API key ${owner}`, end])));
  const sanitizer = starting.use(createPhotoSanitizer({ processes: config.PHOTO_PROCESSES }));
  await sanitizer.ready();
  const remoteImages = starting.use(
    createRemoteImages({
      address: config.OUTBOUND === 'on' ? config.OUTBOUND_ADDRESS : undefined,
      token: config.OUTBOUND_TOKEN,
      rules: config,
      maxBytes: PHOTO_LIMITS.maxBytes,
    }),
  );

  const credentialRoots = await readCredentialRoots(config);
  const opened = await startPipelineView(nats, config, log, model, starting);
  const view = { ...opened, artifacts: countRefusals(opened.artifacts, metrics, log) };
  const draining = new AbortController();
  const services = [VideoService, ProvenanceService, PushService].map(({ typeName }) => typeName);
  const health = createHealth(services, draining.signal, config.WATCH_HEARTBEAT_MS);
  const shared = { config, nats, log, metrics, view, health, draining: draining.signal };
  const { metricsPort, scalerPort } = await startOperations(shared, starting);
  startHousekeeping(shared, starting);
  const push = startPush(shared, starting);
  const port = await startHttp({ ...shared, keys, model, sanitizer, remoteImages, credentialRoots, push }, starting);
  starting.defer(() => {
    health.set(false);
    const message = 'The gateway is being replaced: call again.';
    draining.abort(toConnectError(refuseUntil(ErrorReason.UNAVAILABLE, message, 1_000, Code.UNAVAILABLE)));
  });

  const started = starting.move();
  return {
    port,
    metricsPort,
    scalerPort,
    async stop() {
      const stopping = started.disposeAsync().then(() => drainConnection(nats, log));
      await Promise.race([stopping, delay(config.DRAIN_MS + STOP_MS)]);
    },
  };
}

/** Sends what is still buffered, and closes the connection. While NATS is away there is nobody to send it to. */
async function drainConnection(nats: NatsConnection, log: Log): Promise<void> {
  try {
    await nats.drain();
  } catch (error) {
    log.warn('the connection to NATS was not drained', { reason: describeError(error) });
  }
}
