/** The outbound service in its own process, and a receiver of webhooks, for tests. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { program, START_ENV } from '../../../../test/support/program.ts';

export const TEST_TOKEN = 't'.repeat(32);

export interface OutboundProcess extends AsyncDisposable {
  /** Sends SIGKILL, and starts the service again as the launcher does. */
  kill(): void;
  /** Sends SIGTERM and waits for the end. @returns the exit code. */
  stop(): Promise<number | null>;
  /** Reads `/metrics`. */
  metrics(): Promise<string>;
  readonly log: readonly string[];
}

/**
 * Starts the service, and restarts it when it ends.
 * @param secrets the content of WEBHOOK_SECRETS_FILE.
 * @param env NATS_URL, GRPC_PORT and further environment variables.
 */
export async function startOutbound(secrets: string, env: Readonly<Record<string, string>>): Promise<OutboundProcess> {
  const home = await mkdtemp(join(tmpdir(), 'cinematica-outbound-'));
  const secretsFile = join(home, 'secrets');
  await writeFile(secretsFile, secrets);
  const log: string[] = [];
  let ending = false;
  let child: ChildProcess;

  function start(): void {
    child = spawn(process.execPath, [program('services/outbound/src/main.ts')], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: {
        ...START_ENV,
        METRICS_PORT: '0',
        OUTBOUND_TOKEN: TEST_TOKEN,
        WEBHOOK_SECRETS_FILE: secretsFile,
        CANARY_MS: '250',
        ...env,
      },
    });
    child.stderr!.setEncoding('utf8').on('data', (text: string) => log.push(...text.split('\n').filter(Boolean)));
    child.once('exit', () => {
      if (!ending) setTimeout(() => ending || start(), 100);
    });
  }
  const startedLine = () => log.findLast((line) => line.includes('"started"'));
  start();
  for (let tries = 0; tries < 300 && !startedLine(); tries++) await delay(50);

  async function end(signal: NodeJS.Signals): Promise<number | null> {
    ending = true;
    if (child.exitCode === null && child.signalCode === null) {
      const gone = once(child, 'exit');
      child.kill(signal);
      await gone;
    }
    return child.exitCode;
  }

  return {
    log,
    kill: () => void child.kill('SIGKILL'),
    stop: () => end('SIGTERM'),
    async metrics() {
      const { metrics } = JSON.parse(startedLine() ?? '{}') as { readonly metrics?: number };
      return (await fetch(`http://127.0.0.1:${metrics ?? 0}/metrics`)).text();
    },
    async [Symbol.asyncDispose]() {
      await end('SIGKILL');
      await rm(home, { recursive: true });
    },
  };
}

/** A request that a receiver got. */
export interface ReceivedRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Receiver extends AsyncDisposable {
  readonly url: string;
  readonly received: readonly ReceivedRequest[];
}

/** Starts an HTTP server that notes the requests with a body, and answers with `answer`. */
export async function startReceiver(answer: RequestListener): Promise<Receiver> {
  const received: ReceivedRequest[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const body = Buffer.concat(parts).toString();
      if (body !== '') received.push({ path: request.url ?? '', headers: request.headers, body });
      answer(request, response);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
