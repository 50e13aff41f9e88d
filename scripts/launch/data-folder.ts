import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, constants, mkdir, readdir, readFile, rm, stat, statfs } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { LaunchError } from './launch-error.ts';

/** The folder for a system's persistent data. */
export interface DataFolder {
  readonly root: string;
  readonly secretsFile: string;
  /** The API key of this machine's own programs. */
  readonly apiKeyFile: string;
  /** The keys that the gateway accepts. */
  readonly apiKeysFile: string;
  readonly logs: string;
  /** The folder of Prometheus. It is created with the first `--observe`. */
  readonly prometheus: string;
  readonly nats: { readonly store: string; readonly config: string; readonly pidFile: string };
  /** The compute lock's socket. A system runs in this folder when the socket accepts connections. */
  readonly socket: string;
}

/**
 * Creates the folder, readable only for its owner, and checks that no other system uses it. Two NATS servers with the same
 * files would destroy them.
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
  if (await isInUse(root)) throw new LaunchError(`Another system already runs in the data folder ${root}.`);
  await waitForServer(folder.nats, signal);
  // A killed system leaves its address behind.
  await rm(addressPath(root), { force: true });
  return folder;
}

/** Whether a system is running, starting or stopping in the folder. */
export const isInUse = (root: string): Promise<boolean> => answers(socketPath(root));

export const apiKeyPath = (root: string): string => join(root, 'api-key');

/** The file with the URL of the system that runs in the folder. */
export const addressPath = (root: string): string => join(root, 'address');

/** The size limit of NATS' store: half of the free space and the store itself. Bytes. */
export async function natsDiskLimit(store: string): Promise<number> {
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

/** The operating system limits a socket's path to about 100 bytes. */
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

/** Waits for the server of a killed launcher, which needs a moment to end. */
async function waitForServer({ config, pidFile }: DataFolder['nats'], signal: AbortSignal): Promise<void> {
  for (let tries = 0; ; tries++) {
    const pid = await runningServer(pidFile, config);
    if (pid === null) return;
    if (tries === 75)
      throw new LaunchError(`The NATS server of an earlier run (process ${pid}) does not stop: stop it first.`);
    await delay(200, undefined, { signal });
  }
}

async function runningServer(pidFile: string, config: string): Promise<string | null> {
  try {
    const pid = (await readFile(pidFile, 'utf8')).trim();
    // Another program may have got the process id since.
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
