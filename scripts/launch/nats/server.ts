import { writeFile } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { natsDiskLimit } from '../data-folder.ts';
import type { DataFolder } from '../data-folder.ts';
import { untilReady } from '../readiness.ts';
import { supervise } from '../supervise.ts';
import type { Supervised, Supervision } from '../supervise.ts';
import { access, allowLists } from '@cinematica/pipeline/access';
import { canaryLives } from './canary.ts';
import type { NatsAccess } from './canary.ts';
import { natsConfig } from './config.ts';

/** One step of a canary. Milliseconds. */
const CANARY_TIMEOUT_MS = 2_000;
const CANARY_PAUSE_MS = 3_000;
/** So many canaries without an answer, one after the other, and the server is started again. */
const CANARY_MISSES = 5;

/** Decoded frames wait in memory: two segments at full size are some 50 MB. */
const MEMORY = Math.min(2 * 1024 ** 3, Math.floor(totalmem() / 4));

export interface NatsServerOptions {
  /** The program. */
  readonly command: string;
  readonly folder: DataFolder;
  readonly port: number;
  readonly passwords: Readonly<Record<string, string>>;
  readonly supervision: Supervision;
}

/**
 * Starts a NATS server on the loopback address, watches over it by its canary, and starts it again when it ends or hangs.
 */
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
    users: Object.entries(access).map(([name, allowed]) => ({
      name,
      password: passwordOf(name),
      allow: allowLists(name, allowed),
    })),
  });
  // It may be there from the run before, with that run's mode.
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

/** Resolves when NATS takes messages. @throws the signal's reason */
export function natsReady(server: NatsAccess, signal: AbortSignal): Promise<void> {
  return untilReady(() => canaryLives(server, CANARY_TIMEOUT_MS), signal);
}

async function watchCanary(
  launcher: NatsAccess,
  server: Supervised,
  { say }: Supervision,
  signal: AbortSignal,
): Promise<void> {
  for (let misses = 0; ;) {
    await delay(CANARY_PAUSE_MS, undefined, { signal });
    misses = (await canaryLives(launcher, CANARY_TIMEOUT_MS)) ? 0 : misses + 1;
    if (misses < CANARY_MISSES) continue;
    say('NATS takes no messages any more (is the disk full?): it is started again.');
    server.restart();
    misses = 0;
  }
}
