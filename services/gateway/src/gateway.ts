import {
  createEstimator,
  createHousekeepingPorts,
  createMetrics,
  createNudges,
  createObjectArtifacts,
  createQuotas,
  createQueueView,
  createTaskQueue,
  openAdmissionPorts,
  openPreviews,
  openRecords,
  openStageReports,
  openVideoTable,
  runHousekeeper,
  startCanary,
} from '@cinematica/pipeline';
import type { Log, NatsConnection, StoredRecord } from '@cinematica/pipeline';
import { serveMetrics } from '@cinematica/pipeline/service';
import { Code, createRpcServer, ExternalScaler, refuse } from '@cinematica/protocol';
import { ErrorReason, VideoService } from '@cinematica/protocol/v1';
import type { DescMethod } from '@bufbuild/protobuf';
import { randomUUID } from 'node:crypto';
import { Counter, Gauge } from 'prom-client';
import type { ApiKeys } from './callers/api-keys.ts';
import { createCookies } from './callers/cookie.ts';
import { createRateLimit } from './callers/rate-limit.ts';
import type { Config } from './config.ts';
import { createOnePort } from './http/one-port.ts';
import { route } from './http/routes.ts';
import { serveSite } from './http/site.ts';
import { loadWebApp } from './http/web-app.ts';
import { createMediaLinks } from './media/media-links.ts';
import { serveMedia } from './media/serve-media.ts';
import { createPhotoSanitizer } from './photo/photo-sanitizer.ts';
import { toConnectError } from './rpc/errors.ts';
import { createGate } from './rpc/gate.ts';
import { createHealth } from './rpc/health.ts';
import { observeCalls } from './rpc/observe.ts';
import { createCallReceiver } from './rpc/receive-call.ts';
import { serveRpc } from './rpc/serve-rpc.ts';
import { createScaler } from './scaler/scaler.ts';
import { createVideoService } from './service.ts';
import { capabilitiesOf } from './videos/capabilities.ts';
import { indexByOwner } from './videos/owned-videos.ts';
import type { LoadedModel } from './videos/resolve-plan.ts';
import { countWatches } from './videos/watch.ts';
import { VERSION } from './version.ts';

/** A gateway that runs. */
export interface Gateway {
  readonly port: number;
  /** Where Prometheus reads; undefined where it is not to. */
  readonly metricsPort: number | undefined;
  /** Where KEDA asks; undefined where it is not to. */
  readonly scalerPort: number | undefined;
  /** Tells watchers to come back, lets calls end, gives the housekeeping to another gateway, and stops. */
  stop(): Promise<void>;
}

export interface GatewayParts {
  readonly config: Config;
  readonly keys: ApiKeys;
  readonly model: LoadedModel;
  readonly nats: NatsConnection;
  readonly log: Log;
}

/** Starts everything, from the connection to NATS upwards. @throws where a port is taken, or NATS has no records */
export async function startGateway({ config, keys, model, nats, log }: GatewayParts): Promise<Gateway> {
  const metrics = createMetrics('gateway');
  metrics.about({ stage: '', model: model.ref, provider: null });
  const draining = new AbortController();
  const sanitizer = createPhotoSanitizer({ processes: config.PHOTO_PROCESSES });
  await sanitizer.ready();

  const records = await openRecords(nats, config);
  const table = await openVideoTable(nats, config, log);
  const { requests, quotaStore } = await openAdmissionPorts(nats, config);
  const artifacts = createObjectArtifacts(nats, config);
  const previews = await openPreviews(nats, config);
  const queue = createQueueView(table);
  const estimator = createEstimator(table);
  const owned = indexByOwner(table);
  const reports = await openStageReports(nats, config);
  const links = createMediaLinks(config.MEDIA_SECRET, config.MEDIA_LINK_MS);
  const watches = countWatches(config.MAX_WATCHES_PER_CALLER);
  const estimateOf = ({ record }: StoredRecord) => {
    const position = queue.position(record.videoId);
    return { position, seconds: estimator.seconds(record, position) };
  };

  const findVideo = (videoId: string) => table.videos.get(videoId);
  const service = createVideoService({
    ...{
      records,
      requests,
      artifacts,
      queue,
      table,
      previews,
      sanitizer,
      model,
      links,
      owned,
      watches,
      nudges: createNudges(nats),
      estimateOf,
    },
    settings: config,
    admission: {
      quotas: createQuotas(quotaStore, findVideo, config),
      addressQuotas: createQuotas(quotaStore, findVideo, {
        MAX_ACTIVE_PER_OWNER: config.MAX_ACTIVE_PER_ADDRESS,
        MAX_DAILY_PER_OWNER: config.MAX_DAILY_PER_ADDRESS,
      }),
      queue,
      maxQueued: config.MAX_QUEUED,
    },
    capabilities: () => capabilitiesOf(model, config, VERSION, reports.providers(model.ref)),
    onCancelled: () => metrics.videos.inc({ outcome: 'cancelled' }),
    stall: config.WATCHER_STALL_MS,
    draining: draining.signal,
  });
  const health = createHealth([VideoService.typeName], draining.signal);
  const limit = createRateLimit(config.CALLS_PER_SECOND, config.CALLS_PER_SECOND * 5);
  const cookies = createCookies(config.COOKIE_SECRET, config.COOKIE_SECURE);
  const trustedProxies = config.TRUSTED_PROXIES;
  const gate = createGate({ cookies, keys, trustedProxies, limit });
  const receive = createCallReceiver(
    new Counter({
      name: 'cinematica_requests_refused_total',
      help: 'Request bodies that were refused before they were parsed, by reason.',
      labelNames: ['reason'],
      registers: [metrics.registry],
    }),
  );
  const onUnanswered = ({ name }: DescMethod, error: unknown) =>
    log.error('a response could not be written', error, { method: name });
  const connectionEnds = new Counter({
    name: 'cinematica_connections_closed_total',
    help: 'Connections that were closed at a limit: idle ones that were evicted, and new ones that were refused.',
    labelNames: ['reason'],
    registers: [metrics.registry],
  });
  const observe = observeCalls(log, metrics);
  const failed = (error: unknown) => log.error('a page could not be made', error);
  const webApp =
    config.WEB_HANDLER === undefined ? null : await loadWebApp(config.WEB_HANDLER, trustedProxies > 0, failed);
  const port = createOnePort(
    route({
      ...{ limit, trustedProxies, log },
      rpc: (others) => serveRpc({ service, health, gate, observe, receive, onUnanswered }, others),
      media: serveMedia({ table, links, log, artifacts }),
      site: webApp?.serve ?? serveSite(),
      ready: () => health.serving,
    }),
    {
      max: config.MAX_CONNECTIONS,
      maxPerAddress: trustedProxies > 0 ? null : config.MAX_CONNECTIONS_PER_ADDRESS,
      onConnectionEnd: (reason) => connectionEnds.inc({ reason }),
    },
  );
  new Gauge({
    name: 'cinematica_connections',
    help: 'Connections that are open.',
    registers: [metrics.registry],
    collect() {
      this.set(port.connections);
    },
  });

  const canary = startCanary(nats, 'gateway', config, (failures) => {
    metrics.canaryFailures.set(failures);
    health.set(failures < 2 && !draining.signal.aborted);
  });
  new Gauge({
    name: 'cinematica_watchers',
    help: 'Videos that are being watched, once for each watcher.',
    registers: [metrics.registry],
    collect() {
      this.set(watches.total);
    },
  });
  metrics.watchBacklog(() => queue.backlog());
  const { METRICS_HOST: host, METRICS_PORT } = config;
  const ready = () => health.serving;
  const { registry } = metrics;
  const metricsServer =
    METRICS_PORT === undefined ? null : await serveMetrics({ host, port: METRICS_PORT, registry, ready });
  const scaler = createRpcServer({
    tokens: null,
    onFault: (fault, method) => log.error('a call failed', fault.cause ?? fault, { method: method.name }),
  });
  scaler.add(ExternalScaler, createScaler(queue, table));
  scaler.setServing(true);
  const { SCALER_HOST, SCALER_PORT } = config;
  const scalerPort = SCALER_PORT === undefined ? undefined : await scaler.listen(`${SCALER_HOST}:${SCALER_PORT}`);
  const ended = new AbortController();
  const tasks = createTaskQueue(nats, config, log);
  const housekeeping = runHousekeeper(
    {
      ...createHousekeepingPorts(nats, config),
      table,
      records,
      requests,
      quotaStore,
      artifacts,
      tasks,
      settings: config,
      log,
    },
    randomUUID(),
    ended.signal,
  );
  housekeeping.catch((error: unknown) => log.error('housekeeping failed', error));
  const listening = await port.listen(config.HTTP_PORT, config.HTTP_HOST);
  webApp?.listening(config.HTTP_HOST, listening);

  return {
    port: listening,
    metricsPort: metricsServer?.port,
    scalerPort,
    async stop() {
      health.set(false);
      const message = 'The gateway is being replaced: call again.';
      draining.abort(toConnectError(refuse(Code.UNAVAILABLE, ErrorReason.UNAVAILABLE, message)));
      await Promise.all([port.close(config.DRAIN_MS), scaler.close(0)]);
      ended.abort();
      await Promise.all([housekeeping.catch(() => undefined), canary.close(), metricsServer?.[Symbol.asyncDispose]()]);
      for (const part of [previews, queue, estimator, owned, reports]) part.close();
      await table[Symbol.asyncDispose]();
      await sanitizer[Symbol.asyncDispose]();
      await nats.drain();
    },
  };
}
