import { connectNats, pipelineSettings, provision } from '@cinematica/pipeline';
import { openNamedCheckpoint } from '@cinematica/pipeline/model';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestNats } from '../../../test/support/nats-server.ts';
import type { TestNats } from '../../../test/support/nats-server.ts';
import { program, START_ENV } from '../../../test/support/program.ts';
import { MODEL } from './testing/gateway-process.ts';

let nats: TestNats;
let taken: Server;
let takenPort: number;
beforeAll(async () => {
  nats = await startTestNats();
  const connection = await connectNats('test', { NATS_URL: nats.url });
  const { ref } = await openNamedCheckpoint(MODEL);
  await provision(connection, pipelineSettings(), [ref]);
  await connection.close();
  taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  takenPort = (taken.address() as AddressInfo).port;
});
afterAll(async () => {
  taken.close();
  await nats[Symbol.asyncDispose]();
});

/** Runs a program of the gateway until it ends. */
async function run(file: string, env: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, [file], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 30_000,
    env: {
      ...START_ENV,
      NATS_URL: nats.url,
      HTTP_PORT: '0',
      METRICS_PORT: '0',
      SCALER_PORT: '0',
      MODEL_DIR: MODEL,
      COOKIE_SECRET: 'c'.repeat(32),
      MEDIA_SECRET: 'm'.repeat(32),
      LOG_FORMAT: 'json',
      ...env,
    },
  });
  const [stdout, stderr, [code, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>,
  ]);
  return { stdout, lines: stderr.trim().split('\n'), code, signal };
}

// The children of a process are read from /proc.
const linuxTest = test.runIf(process.platform === 'linux');
linuxTest.each(['METRICS_PORT', 'SCALER_PORT', 'HTTP_PORT'])(
  'a taken %s rejects the start, and leaves no child process and nothing open',
  async (name) => {
    const { stdout, code, signal } = await run(join(import.meta.dirname, 'testing/failing-start.ts'), {
      [name]: String(takenPort),
    });
    expect({ code, signal }).toEqual({ code: 0, signal: null });
    const { message, children } = JSON.parse(stdout) as { message: string; children: string };
    expect(message).toMatch(new RegExp(`^${name}=${takenPort}: .*EADDRINUSE`));
    expect(children).toBe('');
  },
);

test.each(['METRICS_PORT', 'SCALER_PORT', 'HTTP_PORT'])(
  'a taken %s ends the process with status 1 and one error that names it',
  async (name) => {
    const { lines, code } = await run(program('services/gateway/src/main.ts'), { [name]: String(takenPort) });
    expect(code).toBe(1);
    const errors = lines
      .map((line) => JSON.parse(line) as { level: string; error?: string })
      .filter(({ level }) => level !== 'info');
    expect(errors).toMatchObject([{ level: 'error', error: expect.stringContaining(`${name}=`) as string }]);
  },
);
