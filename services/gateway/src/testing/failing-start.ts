/**
 * Starts a gateway that cannot start, and prints its error and the remaining child processes as JSON. It never calls
 * `process.exit`: it ends by itself only if nothing is left open.
 */
import { connectNats, createLog } from '@cinematica/pipeline';
import { openNamedCheckpoint } from '@cinematica/pipeline/model';
import { readConfig } from '@cinematica/pipeline/service';
import { readFileSync } from 'node:fs';
import { readApiKeys } from '../callers/api-keys.ts';
import { configSchema } from '../config.ts';
import { startGateway } from '../gateway.ts';
import { loadedModel } from '../videos/loaded-model.ts';

const config = readConfig(configSchema, process.env);
const model = await loadedModel(await openNamedCheckpoint(config.MODEL_DIR));
const nats = await connectNats('gateway', config);
try {
  await startGateway({ config, keys: await readApiKeys(undefined, config), model, nats, log: createLog('gateway') });
} catch (error) {
  const children = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim();
  process.stdout.write(JSON.stringify({ message: (error as Error).message, children }));
} finally {
  await nats.close();
}
