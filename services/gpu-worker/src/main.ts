/**
 * The denoiser and the decoder in one container, because Kubernetes gives a GPU to one container only. They are two processes with
 * their own user in NATS. Variables that begin with DENOISER_ or DECODER_ are for one of them, all others for both.
 */
import { join } from 'node:path';
import { createLog } from '@cinematica/pipeline';
import { environmentFor, PROGRAMS } from './environment.ts';
import type { Prefix } from './environment.ts';
import { runTogether } from './run-together.ts';

const stopping = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stopping.abort());

const programs = (Object.keys(PROGRAMS) as Prefix[]).map((prefix) => {
  const name = PROGRAMS[prefix];
  const env = environmentFor(prefix, process.env);
  const args = [join(import.meta.dirname, `../../${name}/src/main.ts`)];
  return { name, args, env, liveUrl: `http://127.0.0.1:${env.METRICS_PORT ?? ''}/livez` };
});
const clean = await runTogether({
  programs,
  log: createLog('gpu-worker'),
  stop: stopping.signal,
  intervalMs: 10_000,
  startMs: 300_000,
  endMs: 40_000,
});
process.exit(clean ? 0 : 1);
