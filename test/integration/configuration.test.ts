import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestNats } from '../support/nats-server.ts';
import type { TestNats } from '../support/nats-server.ts';
import { program, START_ENV } from '../support/program.ts';

const SERVICES = ['gateway', 'encoder', 'denoiser', 'decoder', 'muxer', 'outbound', 'provisioner'] as const;
const MODEL = join(import.meta.dirname, '../golden/tiny-xt/checkpoint');

let nats: TestNats;
beforeAll(async () => {
  const users = '[{ user: "one", password: "right" }]';
  nats = await startTestNats({ extra: `accounts { ALL { jetstream: enabled, users: ${users} } }` });
});
afterAll(async () => {
  await nats[Symbol.asyncDispose]();
});

/** Runs a service with an error in its environment. @returns its output, once it has ended with status 1 */
async function said(name: string, wrong: Readonly<Record<string, string>>): Promise<string> {
  const main = program(`services/${name}/src/main.ts`);
  const secrets = {
    STAGE_TOKEN: 'x'.repeat(32),
    COOKIE_SECRET: 'c'.repeat(32),
    MEDIA_SECRET: 'm'.repeat(32),
    OUTBOUND_TOKEN: 'o'.repeat(32),
    WEBHOOK_SECRETS_FILE: '/dev/null',
    // Without these, the muxer warns.
    MARK_KEYS: 'k'.repeat(32),
    CREDENTIALS_FOLDER: tmpdir(),
  };
  const right = { NATS_URL: nats.url, NATS_USER: 'one', NATS_PASSWORD: 'right', MODEL_DIR: MODEL };
  const env = {
    ...START_ENV,
    ...secrets,
    ...right,
    GRPC_PORT: '0',
    METRICS_PORT: '0',
    HTTP_PORT: '0',
    ...wrong,
  };
  const run = promisify(execFile)(process.execPath, [main], { env, timeout: 30_000 });
  const { code, stderr } = await run.then(
    () => ({ code: 0, stderr: '' }),
    (error: unknown) => error as { code: number; stderr: string },
  );
  expect(code).toBe(1);
  return stderr
    .split('\n')
    .filter((line) => line !== '' && !line.includes('"level":"info"'))
    .join('\n');
}

test('a stage whose GRPC_PORT is taken ends with one line that names the setting', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  try {
    expect(await said('muxer', { GRPC_PORT: String(port) })).toMatch(
      new RegExp(`^[^\\n]*GRPC_PORT=${port}: [^\\n]*EADDRINUSE[^\\n]*$`),
    );
  } finally {
    taken.close();
  }
});

describe.concurrent.each(SERVICES)('%s', (name) => {
  test.each([
    [{ ACK_WAIT_MS: 'soon' }, /^[^\n]*ACK_WAIT_MS: [^\n]*$/],
    [
      { NATS_PASSWORD: 'wrong' },
      /^[^\n]*NATS_URL=[^\n]* refuses the credentials: check NATS_USER and NATS_PASSWORD[^\n]*$/,
    ],
    [{ NATS_URL: 'nats://127.0.0.1:1' }, /^[^\n]*NATS_URL=nats:\/\/127\.0\.0\.1:1[^\n]*$/],
    // The muxer and the outbound service need no model.
    ...(name === 'muxer' || name === 'outbound'
      ? []
      : [[{ MODEL_DIR: tmpdir() }, /^[^\n]*MODEL_DIR=[^\n]*$/] as const]),
  ] as const)('with %j stops immediately, with one line that names the setting', async (wrong, message) => {
    expect(await said(name, wrong)).toMatch(message);
  });
});
