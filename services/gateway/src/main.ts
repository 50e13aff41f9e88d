/** The gateway: the public API, media, and, in one gateway of many, the housekeeping of the pipeline. */
// First, so that @bufbuild/protobuf finds it when it is loaded.
import './http/fast-base64.ts';
import { connectNats, createLog, startTracing } from '@cinematica/pipeline';
import { openNamedCheckpoint } from '@cinematica/pipeline/model';
import { readConfig, runProgram } from '@cinematica/pipeline/service';
import { once } from 'node:events';
import { watchApiKeys } from './callers/watch-api-keys.ts';
import { configSchema } from './config.ts';
import { startGateway } from './gateway.ts';
import { lowerPriorityOfHelpers } from './give-way.ts';
import { loadedModel } from './videos/loaded-model.ts';

await runProgram('gateway', async () => {
  const config = readConfig(configSchema, process.env);
  const stopping = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stopping.abort());

  const log = createLog('gateway', { level: config.LOG_LEVEL, format: config.LOG_FORMAT });
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(await startTracing('gateway', config));
  const keys = cleanup.use(await watchApiKeys(config.API_KEYS_FILE, config, log));
  if (config.OUTBOUND === 'off' && keys.hasWebhooks) {
    log.warn('the webhooks of API keys are not called', { setting: 'OUTBOUND=off' });
  }
  // The gateway only describes the model. It computes nothing with it.
  const named = await openNamedCheckpoint(config.MODEL_DIR, config.LORA);
  const { ref } = named;
  const model = await loadedModel(named);
  const nats = await connectNats('gateway', config);
  cleanup.defer(() => nats.close());
  const gateway = await startGateway({ config, keys, model, nats, log });
  lowerPriorityOfHelpers();
  log.info('started', {
    port: gateway.port,
    metrics: gateway.metricsPort,
    scaler: gateway.scalerPort,
    model: ref.name,
    digest: ref.digest,
  });
  if (!stopping.signal.aborted) await once(stopping.signal, 'abort');
  log.info('stopping');
  await gateway.stop();
});
