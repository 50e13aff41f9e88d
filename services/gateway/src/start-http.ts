import { createQuotas, VERSION } from '@cinematica/pipeline';
import type { Log, Metrics } from '@cinematica/pipeline';
import type { DescMethod } from '@bufbuild/protobuf';
import { Counter, Gauge } from 'prom-client';
import type { ApiKeys } from './callers/api-keys.ts';
import { createCookies } from './callers/cookie.ts';
import { burstOf, createRateLimit } from './callers/rate-limit.ts';
import type { RateLimit } from './callers/rate-limit.ts';
import type { Config } from './config.ts';
import { createBodyClasses } from './http/body-classes.ts';
import { createCors } from './http/cors.ts';
import { createHttpServer } from './http/http-server.ts';
import { createRoutes } from './http/routes.ts';
import { serveSite } from './http/site.ts';
import { loadWebApp } from './http/web-app.ts';
import { createMediaLinks } from './media/media-links.ts';
import type { MediaLinks } from './media/media-links.ts';
import { serveMedia } from './media/serve-media.ts';
import { createOpenAiHandler } from './openai/openai-handler.ts';
import { serveOpenApi } from './openai/serve-openapi.ts';
import type { PhotoSanitizer } from './photo/photo-sanitizer.ts';
import type { RemoteImages } from './photo/remote-images.ts';
import type { TrustedRoots } from '@cinematica/credentials/roots';
import { createMediaVerifier } from './provenance/media-verifier.ts';
import { createProvenanceService } from './provenance/provenance-service.ts';
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
import { createVideoOperations } from './videos/operations.ts';
import type { VideoOperations } from './videos/operations.ts';
import type { LoadedModel } from './videos/resolve-plan.ts';
import { toVideo } from './videos/to-video.ts';
import { countWatches } from './videos/watch.ts';

/** The dependencies of the public port. All of them are required. */
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
  /** The certificates, as PEM, of those who are trusted to sign content credentials. */
  readonly credentialRoots: TrustedRoots;
  /** Decodes uploaded photos. */
  readonly sanitizer: PhotoSanitizer;
  /** Downloads photos that are given by URL. */
  readonly remoteImages: RemoteImages;
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
 * Opens the public port: RPCs, the OpenAI API, media, and the web app or a page about the API.
 * @param cleanup receives what closes the port, with `DRAIN_MS` for running calls.
 * @returns the port.
 * @throws Error that names HTTP_PORT when it cannot be opened; what `import` throws when WEB_HANDLER cannot be loaded.
 */
export async function startHttp(parts: HttpParts, cleanup: AsyncDisposableStack): Promise<number> {
  const { config, log, metrics, view, health } = parts;
  const { HTTP_HOST, HTTP_PORT, WEB_HANDLER, TRUSTED_PROXIES: trustedProxies } = config;
  const links = createMediaLinks(config.MEDIA_SECRET, config.MEDIA_LINK_MS, config.PUBLIC_URL);
  const limit = createRateLimit(config.CALLS_PER_SECOND, burstOf(config.CALLS_PER_SECOND));
  const verifyLimit = createRateLimit(config.VERIFY_PER_MINUTE / 60, config.VERIFY_PER_MINUTE);
  const onPageError = (error: unknown) => log.error('page failed', error);
  const webApp = WEB_HANDLER === undefined ? null : await loadWebApp(WEB_HANDLER, trustedProxies > 0, onPageError);
  const operations = createOperations(parts);
  const bodies = createBodyClasses(countRefusals(metrics));
  const admit = {
    cookies: createCookies(config.COOKIE_SECRET, config.COOKIE_SECURE),
    keys: parts.keys,
    trustedProxies,
    anonymous: config.ANONYMOUS === 'on',
    limit,
  };
  const rpcParts = {
    service: createService(parts, operations, links, limit),
    pushService: createPushService(parts.push),
    provenance: createProvenanceService({
      verifier: createMediaVerifier({ keys: config.MARK_KEYS ?? [], roots: parts.credentialRoots }, parts.sanitizer),
      videos: view.table.videos,
    }),
    health,
    gate: createGate({ ...admit, verifyLimit }),
    observe: observeCalls(log, metrics),
    receive: createCallReceiver(bodies),
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
      openai: createOpenAiHandler({
        admit,
        bodies,
        operations,
        card: parts.model.card,
        videosByOwner: view.videosByOwner,
        view: (stored) => toVideo(stored, { links, settings: config }, view.estimateOf(stored)),
        loadedAt: Math.floor(Date.now() / 1000),
        artifacts: view.artifacts,
        log,
        metrics,
      }),
      openapi: serveOpenApi(),
      media: serveMedia({
        table: view.table,
        links,
        log,
        artifacts: view.artifacts,
        keys: parts.keys,
        crossOrigin: config.ALLOWED_ORIGINS.length > 0,
      }),
      cors: createCors(config.ALLOWED_ORIGINS),
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

function createService(parts: HttpParts, operations: VideoOperations, links: MediaLinks, limit: RateLimit) {
  const { push, config, model, metrics, view, draining } = parts;
  const watches = countWatches(config.MAX_WATCHES_PER_CALLER);
  new Gauge({
    name: 'cinematica_watchers',
    help: 'Open calls of WatchVideo and WatchVideos.',
    registers: [metrics.registry],
    collect() {
      this.set(watches.total);
    },
  });
  return createVideoService({
    operations,
    records: view.records,
    table: view.table,
    queue: view.queue,
    previews: view.previews,
    videosByOwner: view.videosByOwner,
    estimateOf: view.estimateOf,
    estimator: view.estimator,
    model,
    links,
    limit,
    watches,
    settings: config,
    capabilities: () => capabilitiesOf(model, config, VERSION, view.reports, push.publicKey),
    stallMs: config.WATCHER_STALL_MS,
    heartbeatMs: config.WATCH_HEARTBEAT_MS,
    draining,
  });
}

function createOperations(parts: HttpParts): VideoOperations {
  const { config, keys, model, metrics, sanitizer, remoteImages, view } = parts;
  const findVideo = (videoId: string) => view.table.videos.get(videoId);
  return createVideoOperations({
    records: view.records,
    requests: view.requests,
    artifacts: view.artifacts,
    table: view.table,
    nudges: view.nudges,
    sanitizer,
    remoteImages,
    webhooks: { keys, enabled: config.OUTBOUND === 'on', rules: config },
    model,
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
    forecast: (plan) => view.estimator.forecast(plan) ?? undefined,
    onCancelled: () => metrics.videos.inc({ outcome: 'cancelled' }),
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
