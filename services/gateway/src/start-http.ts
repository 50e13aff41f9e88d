import { createQuotas } from '@cinematica/pipeline';
import type { Log, Metrics } from '@cinematica/pipeline';
import type { DescMethod } from '@bufbuild/protobuf';
import { Counter, Gauge } from 'prom-client';
import type { ApiKeys } from './callers/api-keys.ts';
import { createCookies } from './callers/cookie.ts';
import { createRateLimit } from './callers/rate-limit.ts';
import type { Config } from './config.ts';
import { createHttpServer } from './http/http-server.ts';
import { createRoutes } from './http/routes.ts';
import { serveSite } from './http/site.ts';
import { loadWebApp } from './http/web-app.ts';
import { createMediaLinks } from './media/media-links.ts';
import type { MediaLinks } from './media/media-links.ts';
import { serveMedia } from './media/serve-media.ts';
import type { PhotoSanitizer } from './photo/photo-sanitizer.ts';
import { createGate } from './rpc/gate.ts';
import type { HealthService } from './rpc/health.ts';
import { observeCalls } from './rpc/observe.ts';
import { createCallReceiver } from './rpc/receive-call.ts';
import { serveRpc } from './rpc/serve-rpc.ts';
import { createPushService } from './push/push-service.ts';
import type { Push } from './push/start-push.ts';
import { createVideoService } from './service.ts';
import type { PipelineView } from './start-pipeline-view.ts';
import { capabilitiesOf } from './videos/capabilities.ts';
import type { LoadedModel } from './videos/resolve-plan.ts';
import { countWatches } from './videos/watch.ts';
import { VERSION } from './version.ts';

/** A caller may make this many seconds' worth of calls in a burst. */
const BURST_SECONDS = 5;

/** What the public port is built from. Every part is required. */
export interface HttpParts {
  /** The settings of the public port, of callers and of media. */
  readonly config: Config;
  /** The keys that services may call with. */
  readonly keys: ApiKeys;
  /** The model that new videos are made with. */
  readonly model: LoadedModel;
  /** The log for calls and pages that fail. */
  readonly log: Log;
  /** Receives the metrics of calls, connections and watchers. */
  readonly metrics: Metrics;
  /** Decodes uploaded photos. */
  readonly sanitizer: PhotoSanitizer;
  /** Videos are read and created here. */
  readonly view: PipelineView;
  /** Notifications for devices. */
  readonly push: Push;
  /** Served as `grpc.health.v1`, and decides what `/readyz` answers. */
  readonly health: HealthService;
  /** Aborted when the gateway stops, with the error that watchers receive. */
  readonly draining: AbortSignal;
}

/**
 * Opens the public port: RPCs, media, and the web app or a page about the API.
 * @param cleanup receives what closes the port, with `DRAIN_MS` for running calls.
 * @returns the port.
 * @throws Error that names HTTP_PORT when it cannot be opened; what `import` throws when WEB_HANDLER cannot be loaded.
 */
export async function startHttp(parts: HttpParts, cleanup: AsyncDisposableStack): Promise<number> {
  const { config, log, metrics, view, health } = parts;
  const { HTTP_HOST, HTTP_PORT, WEB_HANDLER, TRUSTED_PROXIES: trustedProxies } = config;
  const links = createMediaLinks(config.MEDIA_SECRET, config.MEDIA_LINK_MS);
  const limit = createRateLimit(config.CALLS_PER_SECOND, config.CALLS_PER_SECOND * BURST_SECONDS);
  const onPageError = (error: unknown) => log.error('page failed', error);
  const webApp = WEB_HANDLER === undefined ? null : await loadWebApp(WEB_HANDLER, trustedProxies > 0, onPageError);
  const rpcParts = {
    service: createService(parts, links),
    pushService: createPushService(parts.push),
    health,
    gate: createGate({
      cookies: createCookies(config.COOKIE_SECRET, config.COOKIE_SECURE),
      keys: parts.keys,
      trustedProxies,
      limit,
    }),
    observe: observeCalls(log, metrics),
    receive: createCallReceiver(countRefusals(metrics)),
    onResponseError: ({ name }: DescMethod, error: unknown) =>
      log.error('response could not be written', error, { method: name }),
  };
  const connectionsClosed = countClosedConnections(metrics);
  const port = createHttpServer(
    createRoutes({
      limit,
      trustedProxies,
      log,
      rpc: (fallback) => serveRpc(rpcParts, fallback),
      media: serveMedia({ table: view.table, links, log, artifacts: view.artifacts }),
      site: webApp?.serve ?? serveSite(),
      ready: () => health.serving,
    }),
    {
      max: config.MAX_CONNECTIONS,
      maxPerAddress: trustedProxies > 0 ? null : config.MAX_CONNECTIONS_PER_ADDRESS,
      onConnectionEnd: (reason) => connectionsClosed.inc({ reason }),
    },
  );
  watchConnections(metrics, () => port.connections);
  const listening = await port.listen(HTTP_PORT, HTTP_HOST);
  cleanup.defer(() => port.close(config.DRAIN_MS));
  webApp?.setGatewayAddress(HTTP_HOST, listening);
  return listening;
}

function createService({ push, config, model, metrics, sanitizer, view, draining }: HttpParts, links: MediaLinks) {
  const findVideo = (videoId: string) => view.table.videos.get(videoId);
  const watches = countWatches(config.MAX_WATCHES_PER_CALLER);
  new Gauge({
    name: 'cinematica_watchers',
    help: 'Open WatchVideo calls.',
    registers: [metrics.registry],
    collect() {
      this.set(watches.total);
    },
  });
  return createVideoService({
    records: view.records,
    requests: view.requests,
    artifacts: view.artifacts,
    queue: view.queue,
    table: view.table,
    previews: view.previews,
    videosByOwner: view.videosByOwner,
    nudges: view.nudges,
    estimateOf: view.estimateOf,
    estimator: view.estimator,
    sanitizer,
    model,
    links,
    watches,
    settings: config,
    admission: {
      quotas: createQuotas(view.quotaStore, findVideo, config),
      addressQuotas: createQuotas(view.quotaStore, findVideo, {
        MAX_ACTIVE_PER_OWNER: config.MAX_ACTIVE_PER_ADDRESS,
        MAX_DAILY_PER_OWNER: config.MAX_DAILY_PER_ADDRESS,
      }),
      queue: view.queue,
      maxQueued: config.MAX_QUEUED,
    },
    capabilities: () => capabilitiesOf(model, config, VERSION, view.reports.providers(model.ref), push.publicKey),
    onCancelled: () => metrics.videos.inc({ outcome: 'cancelled' }),
    stallMs: config.WATCHER_STALL_MS,
    draining,
  });
}

const countRefusals = ({ registry }: Metrics) =>
  new Counter({
    name: 'cinematica_requests_refused_total',
    help: 'Request bodies that were refused before they were parsed, by reason.',
    labelNames: ['reason'],
    registers: [registry],
  });

const countClosedConnections = ({ registry }: Metrics) =>
  new Counter({
    name: 'cinematica_connections_closed_total',
    help: 'Connections that were closed at a limit: idle ones that were evicted, and new ones that were refused.',
    labelNames: ['reason'],
    registers: [registry],
  });

const watchConnections = ({ registry }: Metrics, connections: () => number) =>
  new Gauge({
    name: 'cinematica_connections',
    help: 'Open connections to the public port.',
    registers: [registry],
    collect() {
      this.set(connections());
    },
  });
