import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, constants, mkdir, readdir, readFile, rm, stat, statfs } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { lockFolder } from './folder-lock.ts';
import { LaunchError } from './launch-error.ts';

/** The folder for a system's persistent data. No other system can open it until it is disposed of. */
export interface DataFolder extends AsyncDisposable {
  readonly root: string;
  readonly secretsFile: string;
  /** The API key of this machine's own programs. */
  readonly apiKeyFile: string;
  /** The keys that the gateway accepts. */
  readonly apiKeysFile: string;
  /** The secrets that sign webhooks. */
  readonly webhookSecretsFile: string;
  /** The folder of the certificate for content credentials, and its key. */
  readonly credentials: string;
  readonly logs: string;
  /** The folder of Prometheus. It is created with the first `--observe`. */
  readonly prometheus: string;
  readonly nats: { readonly store: string; readonly config: string; readonly pidFile: string };
  /** The compute lock's socket. A system runs in this folder when the socket accepts connections. */
  readonly socket: string;
}

/** A system runs in the data folder already. */
export class DataFolderInUseError extends LaunchError {}

/**
 * Locks the data folder for one system, and creates what is missing in it, readable only for its owner. Two NATS servers with
 * the same files would destroy them, so the lock comes before everything else.
 *
 * @returns the folder, which is free for the next system once it is disposed of
 * @throws DataFolderInUseError, LaunchError
 */
export async function openDataFolder(root: string, signal: AbortSignal): Promise<DataFolder> {
  await using cleanup = new AsyncDisposableStack();
  const nats = { store: join(root, 'nats'), config: join(root, 'nats.conf'), pidFile: join(root, 'nats.pid') };
  const logs = join(root, 'logs');
  try {
    await makeUsable(root);
    const lock = lockFolder(root);
    if (lock === null) throw await inUse(root);
    cleanup.use(lock);
    for (const path of [logs, nats.store]) await makeUsable(path);
  } catch (cause) {
    if (cause instanceof LaunchError) throw cause;
    throw new LaunchError(`The data folder ${root} can’t be used: ${reason(cause)}. Choose another with --data.`, {
      cause,
    });
  }
  await waitForServer(nats, signal);
  // A killed system leaves its address behind.
  await rm(addressPath(root), { force: true });
  const kept = cleanup.move();
  return {
    root,
    secretsFile: join(root, 'secrets.json'),
    apiKeyFile: apiKeyPath(root),
    apiKeysFile: join(root, 'api-keys'),
    webhookSecretsFile: join(root, 'webhook-secrets'),
    credentials: join(root, 'credentials'),
    logs,
    prometheus: join(root, 'prometheus'),
    nats,
    socket: socketPath(root, 'compute'),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

async function inUse(root: string): Promise<DataFolderInUseError> {
  const address = await readFile(addressPath(root), 'utf8').catch(() => '');
  const [url = ''] = address.split('\n');
  return new DataFolderInUseError(`A system runs already in the data folder ${root}${url === '' ? '' : `: ${url}`}.`);
}

/** Creates a folder with its parents. Node's recursive `mkdir` reports ENOENT for a file system that is read-only. */
async function makeUsable(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT' && dirname(path) !== path) {
      await makeUsable(dirname(path));
      return makeUsable(path);
    }
    if (code !== 'EEXIST' || !(await stat(path)).isDirectory()) throw error;
  }
  await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
}

/** Whether a system is running, starting or stopping in the folder. */
export const isInUse = (root: string): Promise<boolean> => answers(socketPath(root, 'compute'));

export const apiKeyPath = (root: string): string => join(root, 'api-key');

/** The file with the URL of the system that runs in the folder. */
export const addressPath = (root: string): string => join(root, 'address');

/** The disk space for NATS: the free space, and what its store has already. Bytes. */
export async function availableDisk(store: string): Promise<number> {
  const { bavail, bsize } = await statfs(store);
  return bavail * bsize + (await sizeOf(store));
}

async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const sizes = entries
    .filter((entry) => entry.isFile())
    .map(async (entry) => (await stat(join(entry.parentPath, entry.name))).size);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

/** The path of a socket of the system. The operating system limits it to some 100 bytes. */
export function socketPath(root: string, name: 'compute' | 'users'): string {
  const path = join(root, `${name}.sock`);
  if (Buffer.byteLength(path) <= 100) return path;
  return join(tmpdir(), `cinematica-${name}-${createHash('sha256').update(root).digest('hex').slice(0, 16)}.sock`);
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
  switch (codeOf(error)) {
    case 'EROFS':
      return 'it is on a read-only file system';
    case 'EACCES':
    case 'EPERM':
      return 'it is read-only for this user (permission denied)';
    case 'ENOSPC':
    case 'EDQUOT':
      return 'no space is left on its device';
  }
  return error instanceof Error ? error.message : String(error);
}

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined);
