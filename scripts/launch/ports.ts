import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { LaunchError } from './launch-error.ts';

/**
 * The ports to choose from, below those that operating systems give to outgoing connections (from 32768 on Linux, 49152 on
 * macOS): such a connection could take a port between the moment it is found and the moment a service listens on it.
 */
const FIRST_PORT = 10_000;
const LAST_PORT = 31_999;
const MAX_TRIES = 200;

/** Finds free TCP ports on the loopback address. @throws LaunchError when there are not enough */
export async function freePorts(count: number): Promise<number[]> {
  // All ports stay open until all are found, because a closed port could be found again.
  const servers: Server[] = [];
  try {
    for (let tries = 0; servers.length < count; tries++) {
      if (tries >= MAX_TRIES)
        throw new LaunchError(`No ${count} free ports were found from ${FIRST_PORT} to ${LAST_PORT}.`);
      const port = FIRST_PORT + randomInt(LAST_PORT - FIRST_PORT + 1);
      const server = await listen(port, '127.0.0.1').catch(() => null);
      if (server) servers.push(server);
    }
    return servers.map((server) => (server.address() as AddressInfo).port);
  } finally {
    await Promise.all(servers.map(close));
  }
}

/**
 * @param chosen the port that the user chose, where the checked port is derived from it
 * @throws LaunchError when the port can't be used
 */
export async function checkPort(port: number, host: string, chosen = port): Promise<void> {
  try {
    await close(await listen(port, host));
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    const why =
      code === 'EADDRINUSE'
        ? 'is in use by another program'
        : code === 'EACCES'
          ? 'needs root rights'
          : `can’t be listened on (${String(cause)})`;
    const need = port === chosen ? '' : ` (--observe needs the port after ${chosen})`;
    throw new LaunchError(
      `Port ${port}${need} ${why}: choose another, as in “npm start -- --port ${(chosen % 64_000) + 1_001}”.`,
      { cause },
    );
  }
}

async function listen(port: number, host: string): Promise<Server> {
  const server = createServer();
  server.listen(port, host);
  await once(server, 'listening');
  return server;
}

async function close(server: Server): Promise<void> {
  server.close();
  await once(server, 'close');
}
