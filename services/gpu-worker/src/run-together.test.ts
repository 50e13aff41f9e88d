import { createLog } from '@cinematica/pipeline';
import { expect, test } from 'vitest';
import { environmentFor } from './environment.ts';
import { runTogether } from './run-together.ts';
import type { Program } from './run-together.ts';

/** A program that answers on a port of its own until it is asked to end. */
const SERVER = `
const server = require('node:http').createServer((_, answer) => answer.end('ok')).listen(0, '127.0.0.1');
process.once('SIGTERM', () => server.close(() => process.exit(0)));
`;

const program = (name: string, text: string): Program => ({
  name,
  args: ['--eval', text],
  env: process.env,
  liveUrl: 'http://127.0.0.1:1/livez',
});

function run(programs: readonly Program[], stop: AbortSignal, startMs = 60_000) {
  const said: string[] = [];
  const log = createLog('test', { format: 'json', write: (line) => void said.push(line) });
  return { said, clean: runTogether({ programs, log, stop, intervalMs: 50, startMs, endMs: 5_000 }) };
}

test('when asked to stop, all programs end, and that is a success', async () => {
  const stop = new AbortController();
  const { clean } = run([program('one', SERVER), program('two', SERVER)], stop.signal);
  setTimeout(() => stop.abort(), 500);
  expect(await clean).toBe(true);
});

test('when one program ends, the others are ended, too', async () => {
  const { clean, said } = run(
    [program('one', SERVER), program('two', 'process.exit(3)')],
    new AbortController().signal,
  );
  expect(await clean).toBe(false);
  expect(said.join('\n')).toContain('two ended');
});

test('when one program does not answer, all are ended', async () => {
  const { clean, said } = run([program('one', SERVER), program('two', SERVER)], new AbortController().signal, 200);
  expect(await clean).toBe(false);
  expect(said.join('\n')).toContain('did not start within 0.2 s');
});

test('a program gets its own variables over the common ones, and none of the other', () => {
  const env = {
    NATS_URL: 'u',
    DENOISER_NATS_PASSWORD: 'a',
    DECODER_NATS_PASSWORD: 'b',
    DECODER_GRPC_PORT: '2',
    GRPC_PORT: '1',
  };
  expect(environmentFor('DENOISER_', env)).toEqual({ NATS_URL: 'u', NATS_PASSWORD: 'a', GRPC_PORT: '1' });
  expect(environmentFor('DECODER_', env)).toEqual({ NATS_URL: 'u', NATS_PASSWORD: 'b', GRPC_PORT: '2' });
});
