import { writeFile } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { natsDiskLimit } from '../data-folder.ts';
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
const CANARY_PAUSE_MS = 3_000;
/** The number of consecutive failed canaries after which the server is restarted. */
const CANARY_MISSES = 5;

/** The most bytes of streams in memory. */
const MEMORY = Math.min(2 * 1024 ** 3, Math.floor(totalmem() / 4));

export interface NatsServerOptions {
  /** The path of nats-server. */
  readonly command: string;
  readonly folder: DataFolder;
  readonly port: number;
  readonly passwords: Readonly<Record<string, string>>;
  readonly supervision: Supervision;
}

/** Starts a NATS server on the loopback address, and restarts it when it ends or when its canary fails repeatedly. */
export async function superviseNats({
  command,
  folder,
  port,
  passwords,
  supervision,
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
    maxDisk: await natsDiskLimit(store),
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
      ready: (signal) => natsReady(launcher, signal),
    },
    supervision,
  );
  const watching = new AbortController();
  const watch = server.started
    .then(() => watchCanary(launcher, server, supervision, watching.signal))
    .catch(() => undefined);
  return {
    ...server,
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

async function watchCanary(
  launcher: NatsAccess,
  server: Supervised,
  { say }: Supervision,
  signal: AbortSignal,
): Promise<void> {
  for (let misses = 0; ;) {
    await delay(CANARY_PAUSE_MS, undefined, { signal });
    misses = (await sendCanary(launcher, CANARY_TIMEOUT_MS)) ? 0 : misses + 1;
    if (misses < CANARY_MISSES) continue;
    say('NATS takes no messages any more (is the disk full?): it is started again.');
    server.restart();
    misses = 0;
  }
}
