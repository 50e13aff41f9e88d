import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { retry } from '@cinematica/concurrency';
import { UnavailableError } from '@cinematica/pipeline';
import type { Log, StreamBackups, StreamDescription, StreamSize } from '@cinematica/pipeline';
import { BackupError } from './backup-folder.ts';
import type { Manifest } from './backup-folder.ts';
import { verifyBackup } from './verify-backup.ts';

/** How much is read, and sent, at once. Bytes. */
const PART_BYTES = 256 * 1024;
/** How long, and how often, a server is asked again that does not accept a stream yet. Milliseconds. */
const RETRY_FOR_MS = 120_000;
const RETRY_MS = 2_000;

export interface RestoreOptions {
  readonly backups: StreamBackups;
  /** The folder of the backup. */
  readonly path: string;
  readonly manifest: Manifest;
  /** How many servers store each stream. */
  readonly replicas: number;
  /** Whether streams that contain messages may be replaced. */
  readonly replace: boolean;
  readonly log: Log;
}

/**
 * Restores every stream of a backup. Nothing is changed before the whole backup was verified. The services must not run.
 * @throws BackupError when the backup is damaged, or a stream has messages and `replace` is false; SnapshotError.
 */
export async function restoreBackup(options: RestoreOptions): Promise<void> {
  const { backups, path, manifest, replace, log } = options;
  await verifyBackup(path, manifest);
  const existing = [];
  for (const { description } of manifest.streams) {
    const { name } = description.config;
    const size = await backups.size(name);
    if (size === null) continue;
    if (size.messages > 0 && !replace) {
      throw new BackupError(
        `the stream ${name} contains ${size.messages} messages: set REPLACE=on to replace them by the backup`,
      );
    }
    existing.push(name);
  }
  for (const name of existing) await backups.remove(name);
  // The records first: an object without a record counts as garbage.
  for (const { file, description } of manifest.streams) {
    const { config, state } = description;
    const restored = await retry(() => restoreStream(options, join(path, file), description), {
      isRetryable: (error) => error instanceof UnavailableError,
      delayMs: () => RETRY_MS,
      deadline: Date.now() + RETRY_FOR_MS,
    });
    // The snapshot may also contain what was stored while it was taken.
    if (restored.last_seq < state.last_seq) {
      throw new BackupError(
        `${config.name} was not restored completely: its last message is ${restored.last_seq} instead of ${state.last_seq}`,
      );
    }
    log.info('a stream was restored', { stream: config.name, messages: restored.messages, bytes: restored.bytes });
  }
}

async function restoreStream(
  { backups, replicas }: RestoreOptions,
  file: string,
  description: StreamDescription,
): Promise<StreamSize> {
  const parts = createReadStream(file, { highWaterMark: PART_BYTES });
  try {
    return await backups.restore(description, parts, replicas);
  } finally {
    parts.destroy();
  }
}
