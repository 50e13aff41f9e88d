import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { chmod, rm } from 'node:fs/promises';

/**
 * Lets processes take turns: on a machine with few cores, two models that compute at once are each slower than one after
 * the other.
 *
 * A process that wants its turn connects to the socket and waits for a byte; when it has finished, it closes the
 * connection. One that dies closes it as well, so no turn is ever lost. First come, first served. Further bytes tell
 * whoever has the turn that another waits: as long as none does, it need not ask again between two steps.
 */
export interface ComputeLock extends AsyncDisposable {
  /** The socket's path. */
  readonly path: string;
}

/** @throws whatever `listen` does where the path can't be listened on */
export async function createComputeLock(path: string): Promise<ComputeLock> {
  await rm(path, { force: true });
  const waiting: Socket[] = [];
  let holder: Socket | undefined;

  const next = (): void => {
    holder = waiting.shift();
    holder?.write(waiting.length > 0 ? '\n\n' : '\n');
  };
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    // Nothing is expected from it; unread, its end would not be seen.
    socket.resume();
    socket.once('close', () => {
      if (socket === holder) next();
      else if (waiting.includes(socket)) waiting.splice(waiting.indexOf(socket), 1);
    });
    waiting.push(socket);
    if (holder === undefined) next();
    else holder.write('\n');
  });
  await listening(server, path);
  await chmod(path, 0o600);

  return {
    path,
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of holder === undefined ? [] : [holder, ...waiting.splice(0)]) socket.destroy();
      await closed;
    },
  };
}

function listening(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
