import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { chmod, rm } from 'node:fs/promises';

/**
 * A lock between processes, so that only one model computes at a time. On few cores, two models at once would both be slower
 * than one after the other.
 *
 * A process connects to the socket and waits for a byte, which gives it the lock. It releases the lock by closing the
 * connection, which also happens when it dies. Requests are served in order. Each further byte tells the holder that
 * another process waits; without one, the holder keeps the lock between two steps.
 */
export interface ComputeLock extends AsyncDisposable {
  /** The socket's path. */
  readonly path: string;
}

/** @throws the error of `listen` when the path can't be used */
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
    // Clients send nothing, but the end of a connection is only seen when it is read.
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
