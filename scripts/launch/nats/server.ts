import { writeFile } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { DataFolder } from '../data-folder.ts';
import { untilReady } from '../readiness.ts';
import { supervise } from '../supervise.ts';
import type { Supervised, Supervision } from '../supervise.ts';
import { USER_PERMISSIONS, allowLists } from '@cinematica/pipeline/nats-access';
import { sendCanary } from './canary.ts';
import type { NatsAccess } from './canary.ts';
import { natsConfig } from './config.ts';

/** The time limit of each request of a canary. Milliseconds. */
const CANARY_TIMEOUT_MS = 2_000;
const CANARY_TIMES: CanaryTimes = { pauseMs: 3_000, timeoutMs: CANARY_TIMEOUT_MS };
/** The number of consecutive failed canaries after which the server is restarted. */
const CANARY_MISSES = 5;

/** No service can work without the server, so the pause before a restart stays short: 2 s by default. */
const MAX_BACKOFF = 4;

/** The most bytes of streams in memory. */
const MEMORY = Math.min(2 * 1024 ** 3, Math.floor(totalmem() / 4));

interface CanaryTimes {
  /** The pause before each canary. Milliseconds. */
  readonly pauseMs: number;
  /** The time limit of each request of a canary. Milliseconds. */
  readonly timeoutMs: number;
}

/**
 * The most bytes of streams on disk: no limit, as the buckets have their own. With less than the streams reserve, the server
 * would not open them after the disk has become fuller, and above it would refuse records and canaries.
 */
const MAX_DISK = 2 ** 50;

export interface NatsServerOptions {
  /** The path of nats-server. */
  readonly command: string;
  readonly folder: DataFolder;
  readonly port: number;
  readonly passwords: Readonly<Record<string, string>>;
  readonly supervision: Supervision;
  /** Default: a pause of 3 s, and 2 s for each request. */
  readonly canary?: CanaryTimes;
}

/** Starts a NATS server on the loopback address, and restarts it when it ends or when its canary fails repeatedly. */
export async function superviseNats({
  command,
  folder,
  port,
  passwords,
  supervision,
  canary = CANARY_TIMES,
}: NatsServerOptions): Promise<Supervised> {
  const passwordOf = (user: string): string => {
    const password = passwords[user];
    if (password === undefined) throw new RangeError(`no password for ${user}`);
    return password;
  };
  const { store, config, pidFile } = folder.nats;
  const text = natsConfig({
    port,
    storeFolder: store,
    pidFile,
    maxMemory: MEMORY,
    maxDisk: MAX_DISK,
    users: Object.entries(USER_PERMISSIONS).map(([name, permissions]) => ({
      name,
      password: passwordOf(name),
      allow: allowLists(name, permissions),
    })),
  });
  // Passwords: readable by the user only.
  await writeFile(config, text, { mode: 0o600 });

  const launcher = { url: `nats://127.0.0.1:${port}`, user: 'launcher', password: passwordOf('launcher') };
  const server = supervise(
    {
      name: 'NATS',
      command,
      args: ['-c', config],
      env: { PATH: process.env.PATH },
      logFile: join(folder.logs, 'nats.log'),
      maxBackoff: MAX_BACKOFF,
      ready: (signal) => natsReady(launcher, signal),
    },
    supervision,
  );
  const watching = new AbortController();
  const watch = server.started
    .then(() => watchCanary(launcher, server, supervision, canary, watching.signal))
    .catch(() => undefined);
  return {
    started: server.started,
    get pid() {
      return server.pid;
    },
    restart: () => server.restart(),
    kill: () => server.kill(),
    async stop() {
      watching.abort();
      await server.stop();
      await watch;
    },
  };
}

/** Resolves when NATS stores messages. @throws the signal's reason */
export function natsReady(server: NatsAccess, signal: AbortSignal): Promise<void> {
  return untilReady(() => sendCanary(server, CANARY_TIMEOUT_MS), signal);
}

/** Restarts a server that runs and stores nothing. One that is not running is restarted by its supervisor. */
async function watchCanary(
  launcher: NatsAccess,
  server: Supervised,
  { say }: Supervision,
  { pauseMs, timeoutMs }: CanaryTimes,
  signal: AbortSignal,
): Promise<void> {
  let misses = 0;
  let missedBy: number | null = null;
  for (;;) {
    await delay(pauseMs, undefined, { signal });
    const { pid } = server;
    const stored = await sendCanary(launcher, timeoutMs);
    // A process that has ended since then did not fail to store the message.
    if (stored || pid === null || pid !== server.pid) {
      misses = 0;
      continue;
    }
    misses = pid === missedBy ? misses + 1 : 1;
    missedBy = pid;
    if (misses < CANARY_MISSES) continue;
    say('NATS runs, but it stores no messages (is the disk full?): it is restarted.');
    server.restart();
  }
}
