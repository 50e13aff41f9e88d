/** Creates the streams, buckets and consumers in NATS. Runs once before the services, and again for each new model. */
import { connectNats, createLog, provision } from '@cinematica/pipeline';
import { openNamedCheckpoint } from '@cinematica/pipeline/model';
import { readConfig, runProgram } from '@cinematica/pipeline/service';
import { configSchema } from './config.ts';

await runProgram('provisioner', async () => {
  const config = readConfig(configSchema, process.env);
  const { ref } = await openNamedCheckpoint(config.MODEL_DIR, config.LORA);
  const nats = await connectNats('provisioner', config);
  await provision(nats, config, [ref]);
  await nats.close();
  createLog('provisioner').info('provisioned', { model: ref.name, digest: ref.digest });
});
