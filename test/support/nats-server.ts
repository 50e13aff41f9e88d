import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '@nats-io/transport-node';
import { setTimeout as delay } from 'node:timers/promises';
import { freePorts } from '../../scripts/launch/ports.ts';
import { findNatsServer } from '../../scripts/setup/nats-server.mjs';

/** The path of nats-server, from NATS_SERVER, PATH or the project's cache. @throws when there is none. */
export async function natsServerPath(): Promise<string> {
  const path = await findNatsServer(join(import.meta.dirname, '../..'));
  if (path === null)
    throw new Error('these tests need nats-server: npm test installs it, or set NATS_SERVER to its path');
  return path;
}

/** A real server with JetStream on file storage, in a separate folder and on a separate port. */
export interface TestNats extends AsyncDisposable {
  readonly url: string;
  readonly folder: string;
  /** The process id of the server; 0 while it does not run. */
  readonly pid: number;
  /** Sends SIGKILL. `start` uses the same port and files. */
  kill(): Promise<void>;
  start(): Promise<void>;
}

export interface TestNatsOptions {
  /** Further lines of the configuration. @default none */
  readonly extra?: string;
  /** The limit of its storage on disk, bytes. @default chosen by the server */
  readonly maxDisk?: number;
  /** The folder for its files. @default a new one, removed at the end */
  readonly folder?: string;
  /** How often the server syncs its files to the disk. @default always, as in production */
  readonly syncInterval?: string;
}

export async function startTestNats(options: TestNatsOptions = {}): Promise<TestNats> {
  const { extra = '', maxDisk, folder, syncInterval = 'always' } = options;
  const program = await natsServerPath();
  const own = await mkdtemp(join(tmpdir(), 'cinematica-nats-'));
  const home = folder ?? own;
  const port = (await freePorts(1))[0]!;
  const config = join(own, 'nats.conf');
  await writeFile(
    config,
    `listen: "127.0.0.1:${port}"
jetstream { store_dir: ${JSON.stringify(join(home, 'store'))}, sync_interval: ${syncInterval}${maxDisk === undefined ? '' : `, max_file_store: ${maxDisk}`} }
${extra}
`,
  );
  let child: ChildProcess | null = null;

  async function stop(signal: NodeJS.Signals): Promise<void> {
    const running = child;
    child = null;
    if (running?.exitCode !== null || running.signalCode !== null) return;
    const gone = once(running, 'exit');
    running.kill(signal);
    await gone;
  }

  const server: TestNats = {
    url: `nats://127.0.0.1:${port}`,
    folder: home,
    get pid() {
      return child?.pid ?? 0;
    },
    kill: () => stop('SIGKILL'),
    async start() {
      child = spawn(program, ['-c', config], { stdio: 'ignore' });
      await untilListening(server.url);
    },
    async [Symbol.asyncDispose]() {
      await stop('SIGKILL');
      await rm(own, { recursive: true, force: true });
    },
  };
  await server.start();
  return server;
}

async function untilListening(url: string): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    try {
      const connection = await connect({ servers: url, reconnect: false, timeout: 500 });
      await connection.close();
      return;
    } catch (error) {
      // A server that rejects the connection is running.
      if (error instanceof Error && /authori[sz]ation/i.test(`${error.name} ${error.message}`)) return;
      await delay(50);
    }
  }
  throw new Error(`nats-server at ${url} does not answer`);
}
