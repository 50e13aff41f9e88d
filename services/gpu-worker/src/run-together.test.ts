import { createLog } from '@cinematica/pipeline';
import { expect, test } from 'vitest';
import { freePorts } from '../../../scripts/launch/ports.ts';
import { environmentFor } from './environment.ts';
import { runTogether } from './run-together.ts';
import type { Program } from './run-together.ts';

/** A program that answers on a port of its own until it is asked to end. */
const server = (port: number): Program => ({
  name: `server ${port}`,
  args: [
    '--eval',
    `const server = require('node:http').createServer((_, answer) => answer.end('ok'));
    process.once('SIGTERM', () => process.exit(0));
    server.listen(${port}, '127.0.0.1');`,
  ],
  env: process.env,
  liveUrl: `http://127.0.0.1:${port}/livez`,
});

function run(programs: readonly Program[], stop: AbortSignal, startMs = 60_000) {
  const said: string[] = [];
  const log = createLog('test', { format: 'json', write: (line) => void said.push(line) });
  return { said, clean: runTogether({ programs, log, stop, intervalMs: 50, startMs, endMs: 5_000 }) };
}

const answers = ({ liveUrl }: Program): Promise<boolean> =>
  fetch(liveUrl).then(
    ({ ok }) => ok,
    () => false,
  );

test('when asked to stop, all programs end, and that is a success', async () => {
  const programs = (await freePorts(2)).map(server);
  const stop = new AbortController();
  const { clean } = run(programs, stop.signal);
  for (const program of programs) await expect.poll(() => answers(program), { timeout: 20_000 }).toBe(true);
  stop.abort();
  expect(await clean).toBe(true);
});

test('if one program exits, the others are stopped', async () => {
  const [port = 0] = await freePorts(1);
  const ending = { ...server(port), name: 'two', args: ['--eval', 'process.exit(3)'] };
  const { clean, said } = run([server(port), ending], new AbortController().signal);
  expect(await clean).toBe(false);
  expect(said.join('\n')).toContain('two ended');
});

test('if one program does not start in time, the others are stopped', async () => {
  const [port = 0, unused = 0] = await freePorts(2);
  const silent = { ...server(unused), name: 'two', args: ['--eval', 'setInterval(() => {}, 1000)'] };
  const { clean, said } = run([server(port), silent], new AbortController().signal, 3_000);
  expect(await clean).toBe(false);
  // On a busy machine, the other one may not have started either.
  expect(said.join('\n')).toMatch(/did not start within 3 s/);
  expect(await answers(server(port))).toBe(false);
});

test('if one program stops answering, the others are stopped', async () => {
  const [port = 0, other = 0] = await freePorts(2);
  const failing = { ...server(other), name: 'two' };
  failing.args = [
    '--eval',
    `let answered = false;
    require('node:http').createServer((_, answer) => {
      answer.statusCode = answered ? 503 : 200;
      answered = true;
      answer.end();
    }).listen(${other}, '127.0.0.1');`,
  ];
  const { clean, said } = run([server(port), failing], new AbortController().signal);
  expect(await clean).toBe(false);
  expect(said.join('\n')).toContain('did not answer 3 times in a row');
  expect(await answers(server(port))).toBe(false);
});

test('if one program cannot be started, the others are stopped', async () => {
  const [port = 0, other = 0] = await freePorts(2);
  // A null byte is refused by spawn itself.
  const broken = { ...server(other), name: 'two', args: ['\0'] };
  const { clean, said } = run([server(port), broken], new AbortController().signal);
  expect(await clean).toBe(false);
  expect(said.join('\n')).toContain('two cannot be started');
  expect(await answers(server(port))).toBe(false);
});

test('a program gets its own variables over the common ones, and none of the other', () => {
  const common = { NATS_URL: 'u', GRPC_PORT: '1' };
  const env = { ...common, DENOISER_NATS_PASSWORD: 'a', DECODER_NATS_PASSWORD: 'b', DECODER_GRPC_PORT: '2' };
  expect(environmentFor('DENOISER_', env)).toEqual({ ...common, NATS_PASSWORD: 'a' });
  expect(environmentFor('DECODER_', env)).toEqual({ ...common, NATS_PASSWORD: 'b', GRPC_PORT: '2' });
});
