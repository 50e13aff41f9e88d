import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { bundlePrograms } from '../../test/support/bundles.ts';
import type { Bundles } from '../../test/support/bundles.ts';
import { freePortPair } from '../../test/support/port-pair.ts';
import { natsServer } from '../setup/nats-server.mjs';
import { freePorts } from './ports.ts';

const project = join(import.meta.dirname, '..', '..');
const LAUNCH = 'scripts/launch/fixtures/launch.ts';
let bundles: Bundles;
let home: string;
let port: number;
let launchers: Launched[];

interface Launched {
  readonly process: ChildProcess;
  /** Its output so far. */
  readonly text: () => string;
  readonly exited: Promise<unknown[]>;
}

// Each test starts up to three launchers with four programs each.
beforeAll(async () => {
  bundles = await bundlePrograms(LAUNCH);
});
afterAll(() => bundles[Symbol.asyncDispose]());

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'launch-'));
  await mkdir(join(home, 'model'));
  await writeFile(join(home, 'model', 'model_index.json'), '{}');
  [port = 0] = await freePorts(1);
  launchers = [];
});

afterEach(async () => {
  for (const { process, exited } of launchers) {
    process.kill('SIGTERM');
    await exited;
  }
  await rm(home, { recursive: true, force: true });
});

async function launch(env: NodeJS.ProcessEnv = {}, ...args: string[]): Promise<Launched> {
  const folders = ['--port', String(port), '--model', join(home, 'model'), '--data', join(home, 'data'), ...args];
  const child = spawn(process.execPath, [bundles.path(LAUNCH), ...folders], {
    env: { ...process.env, ...(await natsServer(project)), REPORT: join(home, 'report'), NATS_URL: undefined, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const launched = { process: child, text: () => text, exited: once(child, 'close') };
  launchers.push(launched);
  return launched;
}

async function until(condition: () => boolean | Promise<boolean>, what: () => string): Promise<void> {
  const end = Date.now() + 40_000;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`timed out waiting for: ${what()}`);
    await delay(50);
  }
}

/** Answers every request, and writes its arguments to a file. */
async function fakePrometheus(): Promise<string> {
  const program = `#!${process.execPath}
require('node:fs').writeFileSync(${JSON.stringify(join(home, 'prometheus'))}, process.argv.join(' '));
const [, port] = /listen-address=127.0.0.1:(\\d+)/.exec(process.argv.join(' '));
require('node:http').createServer((_, response) => response.end()).listen(port, '127.0.0.1');
process.on('SIGTERM', () => process.exit());
`;
  const file = join(home, 'fake-prometheus');
  await writeFile(file, program);
  await chmod(file, 0o755);
  return file;
}

const saying = (launched: Launched, line: string): Promise<void> =>
  until(
    () => launched.text().includes(line),
    () => `“${line}” in “${launched.text()}”`,
  );

const ready = (launched: Launched): Promise<void> => saying(launched, `is ready: http://127.0.0.1:${port} `);

const report = (): string[] =>
  existsSync(join(home, 'report')) ? readFileSync(join(home, 'report'), 'utf8').trim().split('\n') : [];

/** The process ids of all services, their children and NATS, which is the last one. */
function pids(): number[] {
  const services = report().flatMap((line) => /pid (\d+)/.exec(line)?.[1] ?? []);
  return [...services, readFileSync(join(home, 'data', 'nats.pid'), 'utf8')].map(Number);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  // The orphans of a killed launcher may stay as zombies when nothing reaps them.
  return !existsSync('/proc') || !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
}

const noneAlive = (all: readonly number[]): Promise<void> =>
  until(
    () => !all.some(isAlive),
    () => `the end of ${all.filter(isAlive).join(', ')}`,
  );

describe('a system', () => {
  test('starts, prints its URL, and stops the services before NATS', async () => {
    const launched = await launch();
    await ready(launched);
    expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status).toBe(200);
    const all = pids();
    expect(all).toHaveLength(7);
    expect(all.every(isAlive)).toBe(true);
    // For the command line on this machine.
    expect(readFileSync(join(home, 'data', 'address'), 'utf8')).toBe(`http://127.0.0.1:${port}\n`);

    launched.process.kill('SIGTERM');
    expect(await launched.exited).toEqual([0, null]);
    expect(report()).toEqual(
      expect.arrayContaining(['gateway has drained', 'encoder has drained', 'muxer has drained']),
    );
    expect(all.filter(isAlive)).toEqual([]);
    expect(launched.text()).not.toContain('takes too long');
    expect(existsSync(join(home, 'data', 'address'))).toBe(false);
  });

  test('keeps its secrets private and reuses them at the next start', async () => {
    const first = await launch();
    await ready(first);
    first.process.kill('SIGINT');
    await first.exited;
    const secrets = readFileSync(join(home, 'data', 'secrets.json'), 'utf8');
    const key = readFileSync(join(home, 'data', 'api-key'), 'utf8');
    const certificate = readFileSync(join(home, 'data', 'credentials', 'certificates.pem'), 'utf8');
    for (const [file, mode] of [
      ['.', 0o700],
      ['secrets.json', 0o600],
      ['nats.conf', 0o600],
      ['api-key', 0o600],
      ['api-keys', 0o600],
      ['credentials', 0o700],
      ['credentials/key.pem', 0o600],
    ] as const) {
      expect((await stat(join(home, 'data', file))).mode & 0o777).toBe(mode);
    }

    await ready(await launch());
    expect(readFileSync(join(home, 'data', 'secrets.json'), 'utf8')).toBe(secrets);
    expect(readFileSync(join(home, 'data', 'api-key'), 'utf8')).toBe(key);
    expect(readFileSync(join(home, 'data', 'credentials', 'certificates.pem'), 'utf8')).toBe(certificate);
    const { nats, ...others } = JSON.parse(secrets) as { nats: Record<string, string> } & Record<string, string>;
    // The key of the mark is in a list, because it can be replaced.
    const values = [...Object.values(nats), ...Object.values(others).flat()];
    expect(values).toHaveLength(16);
    expect(new Set(values).size).toBe(16);
  });

  test('leaves no process behind when the launcher is killed, and starts again with the same data', async () => {
    const launched = await launch();
    await ready(launched);
    const all = pids();
    launched.process.kill('SIGKILL');
    // Immediately, so that the processes of the first launcher still exist.
    await ready(await launch());
    await noneAlive(all);
  });

  test('leaves no process behind when the launcher is killed during start-up', async () => {
    const launched = await launch();
    await until(
      () => report().length > 0,
      () => 'a service',
    );
    launched.process.kill('SIGKILL');
    await noneAlive(pids());
  });

  test('stops on SIGTERM during start-up', async () => {
    const launched = await launch();
    await saying(launched, 'Starting NATS');
    launched.process.kill('SIGTERM');
    expect(await launched.exited).toEqual([0, null]);
  });

  test('kills everything at the second signal', async () => {
    const launched = await launch({ STUBBORN: 'encoder' });
    await ready(launched);
    const all = pids();
    launched.process.kill('SIGINT');
    await until(
      () => report().includes('encoder is stopping'),
      () => 'the first signal',
    );
    await delay(400);
    launched.process.kill('SIGINT');
    expect(await launched.exited).toEqual([130, null]);
    await noneAlive(all);
  });

  test('restarts a service that died, kills its children, and reports it', async () => {
    const launched = await launch();
    await ready(launched);
    const [pid = 0, child = 0] = report()
      .flatMap((line) => /^muxer pid (\d+)/.exec(line)?.[1] ?? [])
      .map(Number);
    process.kill(pid, 'SIGKILL');
    await saying(launched, '› muxer ended (SIGKILL); restarting it in 0.5 s.\n');
    await saying(launched, '› muxer is back.\n');
    await noneAlive([pid, child]);
  });

  test('restarts NATS at the same address after it died', async () => {
    const launched = await launch();
    await ready(launched);
    process.kill(pids().at(-1)!, 'SIGKILL');
    await saying(launched, '› NATS is back.\n');
    // They connect to it when they stop.
    launched.process.kill('SIGTERM');
    expect(await launched.exited).toEqual([0, null]);
    expect(report()).toEqual(expect.arrayContaining(['gateway has drained', 'encoder has drained']));
  });

  test('--observe starts Prometheus on the loopback address, prints its URL and stops it', async () => {
    port = await freePortPair();
    const launched = await launch({ PROMETHEUS: await fakePrometheus() }, '--observe');
    await saying(launched, `Prometheus: http://127.0.0.1:${port + 1}\n`);
    const args = readFileSync(join(home, 'prometheus'), 'utf8');
    expect(args).toContain(`--web.listen-address=127.0.0.1:${port + 1}`);
    launched.process.kill('SIGINT');
    expect(await launched.exited).toEqual([0, null]);
    await expect(fetch(`http://127.0.0.1:${port + 1}`)).rejects.toThrow();
  });

  test('Prometheus is not started without --observe', async () => {
    const launched = await launch({ PROMETHEUS: '/no/such/program' });
    await ready(launched);
    expect(launched.text()).not.toContain('Prometheus');
    expect(existsSync(join(home, 'data', 'prometheus'))).toBe(false);
  });

  test('--otlp gives the services the address for their traces', async () => {
    const traces = { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://127.0.0.1:1/other' };
    const launched = await launch(traces, '--otlp', 'http://127.0.0.1:4318');
    await ready(launched);
    await saying(launched, 'Traces are sent to http://127.0.0.1:4318\n');
    for (const service of ['gateway', 'encoder', 'muxer'])
      expect(report()).toContain(`${service} sends traces to http://127.0.0.1:4318`);
  });

  test('uses the server that NATS_URL names', async () => {
    const own = await launch();
    await ready(own);
    const url = /listen: "(.*)"/.exec(readFileSync(join(home, 'data', 'nats.conf'), 'utf8'))?.[1] ?? '';
    const secrets = JSON.parse(readFileSync(join(home, 'data', 'secrets.json'), 'utf8')) as {
      nats: { launcher: string };
    };
    port = (await freePorts(1))[0]!;
    const env = { NATS_URL: `nats://${url}`, NATS_USER: 'launcher', NATS_PASSWORD: secrets.nats.launcher };
    const other = await launch(env, '--data', join(home, 'other'));
    await saying(other, `› Using NATS at nats://${url}`);
    // That user may only send canaries, so the provisioner is refused.
    expect((await other.exited)[0]).toBe(1);
    expect(other.text()).toMatch(/Setting up NATS failed: .*\n$/);
    expect(existsSync(join(home, 'other', 'nats.conf'))).toBe(false);
  });
});

describe('one line of error message for', () => {
  async function failure(env: NodeJS.ProcessEnv = {}, ...args: string[]): Promise<string> {
    const launched = await launch(env, ...args);
    expect(await launched.exited).toEqual([1, null]);
    const lines = launched
      .text()
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('›'));
    expect(lines).toHaveLength(1);
    return lines[0]!;
  }

  test('a port in use', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      port = (server.address() as AddressInfo).port;
      expect(await failure()).toContain(`Port ${port} is in use by another program: choose another, as in “npm start`);
    } finally {
      server.close();
    }
  });

  test('a port that --observe needs', async () => {
    port = await freePortPair();
    const server = createServer().listen(port + 1, '127.0.0.1');
    await once(server, 'listening');
    try {
      expect(await failure({ PROMETHEUS: await fakePrometheus() }, '--observe')).toBe(
        `Port ${port + 1} (--observe needs the port after ${port}) is in use by another program: ` +
          `choose another, as in “npm start -- --port ${port + 1_001}”.`,
      );
    } finally {
      server.close();
    }
  });

  test('a missing Prometheus', async () => {
    port = await freePortPair();
    expect(await failure({ PROMETHEUS: '/no/such/program' }, '--observe')).toMatch(
      /^Prometheus could not start: .*\/no\/such\/program: not found \(log: .*prometheus\.log\)$/,
    );
  });

  test('a data folder that another system uses', async () => {
    await ready(await launch());
    const url = `http://127.0.0.1:${port}`;
    port = (await freePorts(1))[0]!;
    expect(await failure()).toBe(`A system runs already in the data folder ${join(home, 'data')}: ${url}.`);
  });

  test('a data folder that is a file', async () => {
    await writeFile(join(home, 'data'), '');
    expect(await failure()).toMatch(/^The data folder .* can’t be used: .*EEXIST.*Choose another with --data\.$/);
  });

  test('storage that NATS can’t use', async () => {
    await mkdir(join(home, 'data', 'nats'), { recursive: true });
    await writeFile(join(home, 'data', 'nats', 'jetstream'), '');
    expect(await failure()).toMatch(
      /^NATS could not start: status 1: Can't start JetStream: storage directory is not a directory \(log: .*nats\.log\)$/,
    );
  });

  test('a missing nats-server', async () => {
    expect(await failure({ NATS_SERVER: '/no/such/server' })).toMatch(
      /^NATS could not start: .*\/no\/such\/server: not found/,
    );
  });

  test('an external NATS that does not answer', async () => {
    const [nobody = 0] = await freePorts(1);
    expect(await failure({ NATS_URL: `nats://127.0.0.1:${nobody}` })).toBe(
      `NATS at NATS_URL=nats://127.0.0.1:${nobody} does not take messages: check NATS_URL, NATS_USER, NATS_PASSWORD.`,
    );
  });

  test('a folder without a model', async () => {
    expect(await failure({}, '--model', home)).toContain(`${home} is not a checkpoint`);
  });

  test('a missing ffmpeg', async () => {
    expect(await failure({ PATH: dirname(process.execPath) })).toBe(
      'ffmpeg is not on PATH: install it with your package manager, and run this again.',
    );
  });

  test('a service that rejects its configuration; the others are stopped', async () => {
    expect(await failure({ FAIL: 'encoder' })).toMatch(
      /^encoder could not start: status 1: FAIL must not name this service \(log: .*encoder\.log\)$/,
    );
    await noneAlive(pids());
  });

  test('a file with invalid secrets', async () => {
    await mkdir(join(home, 'data'));
    await writeFile(join(home, 'data', 'secrets.json'), '{"nats": {"gateway": "1234"}}');
    await chmod(join(home, 'data', 'secrets.json'), 0o644);
    expect(await failure()).toMatch(/secrets\.json does not contain this system’s secrets: delete it/);
  });
});
