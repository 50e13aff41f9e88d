/** The only service that connects to addresses outside: it downloads photos, delivers webhooks, and gets time stamps. */
import {
  connectNats,
  createLog,
  createMetrics,
  createWebhookQueue,
  openRecords,
  startTracing,
} from '@cinematica/pipeline';
import {
  followFile,
  inCallSpan,
  listenForCalls,
  logConnection,
  readConfig,
  runProgram,
  startReadiness,
} from '@cinematica/pipeline/service';
import { createRpcServer } from '@cinematica/protocol';
import { OutboundService } from '@cinematica/protocol/outbound';
import { once } from 'node:events';
import { configSchema } from './config.ts';
import { createGuardedHttp } from './http/guarded-http.ts';
import { createOutboundMetrics } from './metrics.ts';
import { createOutboundService } from './service.ts';
import { deliver } from './webhooks/deliver.ts';
import { createHostLimit } from './webhooks/host-limit.ts';
import { readWebhookSecrets } from './webhooks/secrets.ts';
import { startWebhookWorker } from './webhooks/worker.ts';

/** An eighth of all deliveries that this process makes at the same time. */
const MAX_DELIVERIES_PER_HOST = 8;

await runProgram('outbound', async () => {
  const config = readConfig(configSchema, process.env);
  const stopping = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stopping.abort());

  const log = createLog('outbound', { level: config.LOG_LEVEL, format: config.LOG_FORMAT });
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(await startTracing('outbound', config));
  const file = config.WEBHOOK_SECRETS_FILE;
  const secrets = cleanup.use(await followFile({ file, name: 'webhook secrets', read: readWebhookSecrets, log }));
  if (config.OUTBOUND_UNSAFE_ALLOW_HTTP_AND_PRIVATE_ADDRESSES) {
    log.warn('callers can reach every address that this process can reach', {
      setting: 'OUTBOUND_UNSAFE_ALLOW_HTTP_AND_PRIVATE_ADDRESSES',
    });
  }
  const http = createGuardedHttp({ rules: config });
  const metrics = createMetrics('outbound');
  const outboundMetrics = createOutboundMetrics(metrics.registry);
  const server = createRpcServer({
    tokens: config.OUTBOUND_TOKEN,
    onFault: (fault, method) => log.error('call failed', fault.cause ?? fault, { method: method.name }),
    around: inCallSpan,
  });
  server.add(OutboundService, createOutboundService(http, config, outboundMetrics));
  const port = await listenForCalls(server, config, cleanup);

  const nats = await connectNats('outbound', config);
  cleanup.defer(() => nats.close());
  logConnection(nats, log);
  const records = await openRecords(nats, config);
  const queue = createWebhookQueue(nats, config, log);
  const served = await startReadiness(
    { name: 'outbound', nats, server, metrics, config, log, stopping: stopping.signal },
    cleanup,
  );

  const hosts = createHostLimit(MAX_DELIVERIES_PER_HOST);
  const secretsOf = (owner: string) => secrets.current.of(owner);
  const parts = { records, queue, http, secrets: { of: secretsOf }, hosts, metrics: outboundMetrics, log, config };
  const worker =
    config.OUTBOUND === 'on'
      ? startWebhookWorker({
          consumer: queue.consume(),
          deliver: (task, signal) => deliver(parts, task, signal),
          settings: config,
          log,
        })
      : null;
  log.info('started', { port, metrics: served.port, outbound: config.OUTBOUND });
  if (!stopping.signal.aborted) await once(stopping.signal, 'abort');
  server.setServing(false);
  log.info('stopping');
  await Promise.all([worker?.drain(config.DRAIN_MS), server.close(config.DRAIN_MS)]);
});
