import { once } from 'node:events';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { createConnection, createServer } from 'node:net';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { readApiKey } from './api-key.ts';
import { addressPath, apiKeyPath, isInUse, socketPath } from './data-folder.ts';

/** Interval of checks whether a system has become ready. Milliseconds. */
const POLL_MS = 250;
/** Timeout of a gateway's readiness check. Milliseconds. */
const READY_TIMEOUT_MS = 2_000;

/** A system that runs on this machine and that other programs can find. */
export interface Announcement extends AsyncDisposable {
  /** Withdraws the announcement. Resolves when no program uses the system any more. */
  withdraw(): Promise<void>;
  /** The number of programs that use the system. */
  readonly users: number;
}

/** A system that runs on this machine, for a user who may read its data folder. It does not end before it is disposed of. */
export interface LocalSystem extends Disposable {
  readonly url: string;
  /** The API key of this machine's own programs. */
  readonly key: string;
  /** Whether it was started for a purpose, and ends when that is reached and no program uses it. */
  readonly isTemporary: boolean;
}

/**
 * Lets other programs find the system that runs in a data folder. They connect to a socket while they use it.
 *
 * @param purpose what a system that ends by itself was started for, see {@link findSystem}; empty for one that stays
 */
export async function announce(root: string, url: string, purpose = ''): Promise<Announcement> {
  const file = addressPath(root);
  const path = socketPath(root, 'users');
  const users = new Set<Socket>();
  const server = createServer((socket) => {
    if (!server.listening) {
      socket.destroy();
      return;
    }
    users.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => {
      users.delete(socket);
      if (users.size === 0) server.emit('unused');
    });
    socket.resume();
    socket.write('\n');
  });
  await rm(path, { force: true });
  server.listen(path);
  await once(server, 'listening');
  await writeFile(file, `${url}\n${purpose === '' ? '' : `${purpose}\n`}`, { mode: 0o600 });

  const close = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    for (const socket of users) socket.destroy();
    await closed;
  };
  return {
    get users() {
      return users.size;
    },
    async withdraw() {
      await rm(file, { force: true });
      while (users.size > 0) await once(server, 'unused');
      // A program that connects from now on gets no acknowledgement, so it looks for another system.
      await close();
    },
    async [Symbol.asyncDispose]() {
      await rm(file, { force: true });
      await close();
    },
  };
}

/**
 * Finds the system that runs in a data folder. A system that is not ready, or that was started for another purpose, is
 * waited for until it can be used or has ended.
 *
 * @param purpose a system that ends by itself is used only when it was started for the same purpose
 * @param onWait called once if it has to wait
 * @returns null when no system runs there
 */
export async function findSystem(
  root: string,
  purpose: string,
  onWait: () => void,
  signal: AbortSignal,
): Promise<LocalSystem | null> {
  for (let tries = 0; ; tries++) {
    signal.throwIfAborted();
    if (!(await isInUse(root))) return null;
    const address = await readFile(addressPath(root), 'utf8').catch(() => '');
    const [url = '', startedFor = ''] = address.split('\n');
    const key = await readApiKey(apiKeyPath(root));
    if (url !== '' && key !== null && (startedFor === '' || startedFor === purpose) && (await isReady(url, signal))) {
      const connection = await join(root);
      if (connection !== null)
        return { url, key, isTemporary: startedFor !== '', [Symbol.dispose]: () => void connection.destroy() };
    }
    if (tries === 0) onWait();
    await delay(POLL_MS, undefined, { signal });
  }
}

/** @returns null when the system ends before it acknowledges the connection */
function join(root: string): Promise<Socket | null> {
  return new Promise((resolve) => {
    const connection = createConnection(socketPath(root, 'users'));
    connection.on('error', () => undefined);
    connection.once('data', () => resolve(connection));
    connection.once('close', () => resolve(null));
  });
}

async function isReady(url: string, signal: AbortSignal): Promise<boolean> {
  try {
    const within = AbortSignal.any([signal, AbortSignal.timeout(READY_TIMEOUT_MS)]);
    const response = await fetch(new URL('/readyz', url), { signal: within });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}
