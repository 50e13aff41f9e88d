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
 * The port of a stage's gRPC service that the user chose: `PORT_` and the stage's name in the environment.
 *
 * @returns undefined when none was chosen
 * @throws LaunchError when it is not a port, or cannot be used
 */
export async function chosenStagePort(stage: string, env: NodeJS.ProcessEnv): Promise<number | undefined> {
  const name = `PORT_${stage.toUpperCase()}`;
  const value = env[name];
  if (value === undefined || value === '') return undefined;
  const port = Number(value);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new LaunchError(`${name} takes a number from 1 to 65535, not “${value}”.`);
  }
  const error = await listen(port, '127.0.0.1').then(close, (cause: unknown) => cause);
  if (error === undefined) return port;
  throw new LaunchError(`${name}: port ${port} ${whyNot(error)}: choose another.`, { cause: error });
}

/**
 * @param chosen the port that the user chose, where the checked port is derived from it
 * @throws LaunchError when the port can't be used
 */
export async function checkPort(port: number, host: string, chosen = port): Promise<void> {
  try {
    await close(await listen(port, host));
  } catch (cause) {
    const why = whyNot(cause);
    const need = port === chosen ? '' : ` (--observe needs the port after ${chosen})`;
    throw new LaunchError(
      `Port ${port}${need} ${why}: choose another, as in “npm start -- --port ${(chosen % 64_000) + 1_001}”.`,
      { cause },
    );
  }
}

/** Why a port cannot be listened on. */
function whyNot(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (code === 'EADDRINUSE') return 'is in use by another program';
  return code === 'EACCES' ? 'needs root rights' : `can’t be listened on (${String(cause)})`;
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
