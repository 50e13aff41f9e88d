import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { accessSync, constants } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePorts } from '../../scripts/launch/ports.ts';

const ROOT = join(import.meta.dirname, '../..');
const ACCESS_KEY = 'test-access-key';
const SECRET_KEY = 'test-secret-key';

/**
 * The path of versitygw, an S3 server: from VERSITYGW, PATH, or `.cache/tools/versitygw`; null when there is none. CONTRIBUTING.md
 * says how it is built.
 */
export const S3_SERVER: string | null = findServer();

function findServer(): string | null {
  const { VERSITYGW, PATH = '' } = process.env;
  if (VERSITYGW) return VERSITYGW;
  const folders = [...PATH.split(delimiter), join(ROOT, '.cache/tools/versitygw')];
  return folders.map((folder) => join(folder, 'versitygw')).find(isProgram) ?? null;
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** A real S3 server with one bucket, in a separate folder and on a separate port. */
export interface TestS3 extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** The folder with the objects as files, under their keys. */
  readonly folder: string;
  /** The settings with which services use the bucket. @param url another address of the server, such as that of a proxy. */
  environment(url?: string): Record<string, string>;
  /** Sends SIGKILL. `start` uses the same port and files. */
  kill(): Promise<void>;
  start(): Promise<void>;
}

export interface TestS3Options {
  /** The files with a certificate and its key. @default without TLS */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Whether it runs from the beginning. @default true */
  readonly started?: boolean;
}

export async function startTestS3({ tls, started = true }: TestS3Options = {}): Promise<TestS3> {
  const program = S3_SERVER;
  if (program === null) throw new Error('this needs versitygw: CONTRIBUTING.md says how it is built');
  const home = await mkdtemp(join(tmpdir(), 'cinematica-s3-'));
  const data = join(home, 'data');
  const folder = join(data, 'artifacts');
  const meta = join(home, 'meta');
  await mkdir(folder, { recursive: true });
  await mkdir(meta);
  const [port] = await freePorts(1);
  const url = `${tls ? 'https' : 'http'}://127.0.0.1:${port}`;
  let child: ChildProcess | null = null;

  async function stop(): Promise<void> {
    const running = child;
    child = null;
    if (running?.exitCode !== null || running.signalCode !== null) return;
    const gone = once(running, 'exit');
    running.kill('SIGKILL');
    await gone;
  }

  const server: TestS3 = {
    url,
    port: port!,
    folder,
    environment: (address = url) => ({
      S3_BUCKET: 'artifacts',
      S3_ENDPOINT: address,
      S3_PATH_STYLE: 'true',
      AWS_ACCESS_KEY_ID: ACCESS_KEY,
      AWS_SECRET_ACCESS_KEY: SECRET_KEY,
    }),
    kill: stop,
    async start() {
      const secure = tls ? ['--cert', tls.cert, '--key', tls.key] : [];
      const args = [
        '--port',
        `127.0.0.1:${port}`,
        '--access',
        ACCESS_KEY,
        '--secret',
        SECRET_KEY,
        '--quiet',
        '--keep-alive',
      ];
      // Without extended attributes, so that it works on every file system.
      child = spawn(program, [...args, ...secure, 'posix', '--sidecar', meta, data], { stdio: 'ignore' });
      await untilListening(port!);
    },
    async [Symbol.asyncDispose]() {
      await stop();
      await rm(home, { recursive: true, force: true });
    },
  };
  if (started) await server.start();
  return server;
}

async function untilListening(port: number): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const socket = connect(port, '127.0.0.1');
    const connected = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (connected) return;
    await delay(50);
  }
  throw new Error(`the S3 server on port ${port} does not answer`);
}
