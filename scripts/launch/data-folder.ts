import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, constants, mkdir, readdir, readFile, rm, stat, statfs } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { LaunchError } from './launch-error.ts';

/** Where a system keeps what must outlast it. */
export interface DataFolder {
  readonly root: string;
  readonly secretsFile: string;
  /** Holds the key that this machine's own programs call the gateway with. */
  readonly apiKeyFile: string;
  /** Where the gateway reads the keys that it takes. */
  readonly apiKeysFile: string;
  readonly logs: string;
  /** For Prometheus' data. Prometheus makes it. */
  readonly prometheus: string;
  readonly nats: { readonly store: string; readonly config: string; readonly pidFile: string };
  /** The compute lock's socket. That it answers means that a system runs in this folder. */
  readonly socket: string;
}

/**
 * Makes sure of the folder, readable for its owner alone, and that no other system runs in it: two NATS servers over the
 * same files would destroy them.
 *
 * @throws LaunchError
 */
export async function openDataFolder(root: string, signal: AbortSignal): Promise<DataFolder> {
  const folder = {
    root,
    secretsFile: join(root, 'secrets.json'),
    apiKeyFile: apiKeyPath(root),
    apiKeysFile: join(root, 'api-keys'),
    logs: join(root, 'logs'),
    prometheus: join(root, 'prometheus'),
    nats: { store: join(root, 'nats'), config: join(root, 'nats.conf'), pidFile: join(root, 'nats.pid') },
    socket: socketPath(root),
  };
  try {
    for (const path of [root, folder.logs, folder.nats.store]) {
      await mkdir(path, { recursive: true, mode: 0o700 });
      await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
    }
  } catch (cause) {
    throw new LaunchError(`The data folder ${root} can’t be used: ${reason(cause)}. Choose another with --data.`, {
      cause,
    });
  }
  if (await isInUse(root)) throw new LaunchError(`A system runs already in the data folder ${root}.`);
  await waitForServer(folder.nats, signal);
  // Of a system that was killed.
  await rm(addressPath(root), { force: true });
  return folder;
}

/** Whether a system runs in the folder, or starts or stops there. */
export const isInUse = (root: string): Promise<boolean> => answers(socketPath(root));

export const apiKeyPath = (root: string): string => join(root, 'api-key');

/** Says where the system is that runs in the folder, for other programs of the same user. */
export const addressPath = (root: string): string => join(root, 'address');

/** Bytes that NATS may take there: half the disk that others leave, however much of it is its own already. */
export async function diskShare(store: string): Promise<number> {
  const { bavail, bsize } = await statfs(store);
  return Math.floor((bavail * bsize + (await sizeOf(store))) / 2);
}

async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const sizes = entries
    .filter((entry) => entry.isFile())
    .map(async (entry) => (await stat(join(entry.parentPath, entry.name))).size);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

/** The system limits a socket's path to some 100 bytes. */
function socketPath(root: string): string {
  const path = join(root, 'compute.sock');
  if (Buffer.byteLength(path) <= 100) return path;
  return join(tmpdir(), `cinematica-${createHash('sha256').update(root).digest('hex').slice(0, 16)}.sock`);
}

function answers(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = createConnection(socket);
    connection.once('connect', () => {
      connection.destroy();
      resolve(true);
    });
    connection.once('error', () => resolve(false));
  });
}

/** The server of a launcher that was killed takes a moment to end. */
async function waitForServer({ config, pidFile }: DataFolder['nats'], signal: AbortSignal): Promise<void> {
  for (let tries = 0; ; tries++) {
    const pid = await runningServer(pidFile, config);
    if (pid === null) return;
    if (tries === 75)
      throw new LaunchError(`The NATS server of an earlier run (process ${pid}) does not end: end it first.`);
    await delay(200, undefined, { signal });
  }
}

async function runningServer(pidFile: string, config: string): Promise<string | null> {
  try {
    const pid = (await readFile(pidFile, 'utf8')).trim();
    // The number may be another program's by now.
    return (await commandLine(pid)).includes(config) ? pid : null;
  } catch {
    return null;
  }
}

async function commandLine(pid: string): Promise<string> {
  if (process.platform === 'linux') return readFile(`/proc/${pid}/cmdline`, 'utf8');
  const { stdout } = await promisify(execFile)('ps', ['-ww', '-o', 'args=', '-p', pid]);
  return stdout;
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
