import { createHash } from 'node:crypto';
import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { abortable } from '@cinematica/concurrency';
import { BACKUP_STREAMS, RECORDS_STREAM, VERSION } from '@cinematica/pipeline';
import type { Log, StreamBackups } from '@cinematica/pipeline';
import {
  BackupError,
  finishBackup,
  freeSpace,
  listBackups,
  partialFolder,
  removeBackup,
  removeLeftOvers,
} from './backup-folder.ts';
import type { Manifest } from './backup-folder.ts';
import { verifyBackup } from './verify-backup.ts';

export interface CreateBackupOptions {
  readonly backups: StreamBackups;
  /** The folder of all backups. */
  readonly folder: string;
  /** How many are kept. */
  readonly keep: number;
  /** The version of the NATS server. */
  readonly server: string;
  readonly log: Log;
  /** Ends the backup, and removes what it has written so far. */
  readonly signal: AbortSignal;
}

/**
 * Makes a backup, verifies what was written, and removes old ones.
 * @returns its name.
 * @throws BackupError when it does not fit, or the records do not exist; SnapshotError, UnavailableError, the signal's reason.
 */
export async function createBackup(options: CreateBackupOptions): Promise<string> {
  const { backups, folder, keep, server, log, signal } = options;
  const sizes = await Promise.all(BACKUP_STREAMS.map(async (stream) => ({ stream, size: await backups.size(stream) })));
  // Photos and media may be stored elsewhere. The records are always in NATS.
  const present = sizes.filter(({ size }) => size !== null).map(({ stream }) => stream);
  if (!present.includes(RECORDS_STREAM)) {
    throw new BackupError(`the stream ${RECORDS_STREAM} does not exist: this NATS has no videos to back up`);
  }
  const absent = BACKUP_STREAMS.filter((stream) => !present.includes(stream));
  if (absent.length > 0) log.warn('streams do not exist and are not backed up', { streams: absent.join(', ') });
  // One that is stopped removes nothing for a backup that it will not make.
  signal.throwIfAborted();
  const incomplete = await removeLeftOvers(folder);
  const needed = sizes.reduce((sum, { size }) => sum + (size?.bytes ?? 0), 0);
  await makeRoom(folder, needed, incomplete, options);

  const name = new Date().toISOString().replace(/\.\d+/, '').replaceAll(':', '-');
  const partial = partialFolder(folder, name);
  signal.throwIfAborted();
  await mkdir(partial);
  try {
    const streams: Manifest['streams'] = [];
    for (const stream of present) streams.push(await saveStream(backups, stream, partial, signal));
    const manifest: Manifest = { format: 1, version: VERSION, server, streams };
    await abortable(verifyBackup(partial, manifest), signal);
    await finishBackup(folder, name, manifest);
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    throw error;
  }
  for (const old of (await listBackups(folder)).slice(0, -keep)) {
    await removeBackup(folder, old);
    log.info('an old backup was removed', { backup: old });
  }
  return name;
}

async function saveStream(
  backups: StreamBackups,
  stream: string,
  folder: string,
  signal: AbortSignal,
): Promise<Manifest['streams'][number]> {
  signal.throwIfAborted();
  const name = `${stream}.snapshot`;
  const hash = createHash('sha256');
  let bytes = 0;
  const file = await open(join(folder, name), 'wx');
  try {
    const snapshot = backups.snapshot(stream, async (part) => {
      signal.throwIfAborted();
      hash.update(part);
      bytes += part.length;
      await file.writeFile(part);
    });
    const description = await abortable(snapshot, signal);
    // What is verified afterwards may otherwise be only in the memory of the machine.
    await file.sync();
    return { file: name, bytes, sha256: hash.digest('hex'), description };
  } finally {
    await file.close();
  }
}

/**
 * Removes the oldest backups, but not the last one, until a new one fits.
 * @param incomplete the paths of incomplete backups. Complete ones are not removed to make room beside them.
 * @throws BackupError when it does not fit; the signal's reason.
 */
async function makeRoom(
  folder: string,
  needed: number,
  incomplete: readonly string[],
  { log, signal }: Pick<CreateBackupOptions, 'log' | 'signal'>,
): Promise<void> {
  if (incomplete.length > 0) {
    const free = await freeSpace(folder);
    if (free < needed) {
      throw new BackupError(
        `an incomplete backup takes the room of a new one, which ${lack(folder, needed, free)}: ` +
          `unless it is being made just now, remove ${incomplete.join(' and ')}`,
      );
    }
  }
  for (const old of (await listBackups(folder)).slice(0, -1)) {
    if ((await freeSpace(folder)) >= needed) return;
    signal.throwIfAborted();
    await removeBackup(folder, old);
    log.warn('an old backup was removed early to make room', { backup: old });
  }
  const free = await freeSpace(folder);
  if (free >= needed) return;
  throw new BackupError(`the backup ${lack(folder, needed, free)}: enlarge its volume`);
}

const mebibytes = (bytes: number): string => `${Math.ceil(bytes / 1024 ** 2)} MiB`;

const lack = (folder: string, needed: number, free: number): string =>
  `may need ${mebibytes(needed)}, and ${folder} has ${mebibytes(free)} of free space`;
