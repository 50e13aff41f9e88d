import { readdir, readFile, rename, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { streamDescriptionSchema } from '@cinematica/pipeline';
import { z } from 'zod';

/** The name of a complete backup: its time in UTC. Names sort by time. */
export const BACKUP_NAME = /^\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}Z$/;
/** Begins the name of a backup that is being made, or was interrupted. */
const PARTIAL = 'partial-';
/**
 * What was not written to for this long is left over from an interrupted backup: the Job may run for six hours, and the server may
 * check a stream for hours before it sends it. Milliseconds.
 */
const LEFT_OVER_MS = 6 * 3_600_000;
const MANIFEST = 'backup.json';

const manifestSchema = z.object({
  /** The version of this file's format. */
  format: z.literal(1),
  /** The version of Cinemática, and of the NATS server. A snapshot needs the same or a newer server. */
  version: z.string(),
  server: z.string(),
  streams: z.array(
    z.object({
      /** The snapshot, as the server sent it: a compressed tar archive. */
      file: z.string().regex(/^[A-Za-z0-9_-]+\.snapshot$/),
      bytes: z.number().int(),
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
      description: streamDescriptionSchema,
    }),
  ),
});
/** What a backup consists of. */
export type Manifest = z.output<typeof manifestSchema>;

/** A backup is missing, incomplete or damaged, or does not fit. */
export class BackupError extends Error {
  override readonly name = 'BackupError';
}

/** The folder that a new backup is written to. It gets its name when it is complete. */
export const partialFolder = (folder: string, name: string): string => join(folder, PARTIAL + name);

/** Makes a backup complete. */
export async function finishBackup(folder: string, name: string, manifest: Manifest): Promise<void> {
  const partial = partialFolder(folder, name);
  await writeFile(join(partial, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`, { flush: true });
  await rename(partial, join(folder, name));
}

/** The names of all complete backups, the oldest first. @throws BackupError when the folder cannot be read. */
export async function listBackups(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => BACKUP_NAME.test(name)).sort();
  } catch (cause) {
    throw new BackupError(`BACKUP_FOLDER=${folder} cannot be read: ${String(cause)}`, { cause });
  }
}

/**
 * Finds a backup and reads its manifest.
 * @param wanted its name, or `latest`.
 * @throws BackupError when there is none, or its manifest is damaged.
 */
export async function openBackup(folder: string, wanted: string): Promise<{ path: string; manifest: Manifest }> {
  const names = await listBackups(folder);
  const name = wanted === 'latest' ? names.at(-1) : names.find((each) => each === wanted);
  if (name === undefined) {
    throw new BackupError(
      names.length === 0
        ? `${folder} contains no backup`
        : `${folder} has no backup ${wanted}, but ${names.join(', ')}`,
    );
  }
  const path = join(folder, name);
  try {
    return { path, manifest: manifestSchema.parse(JSON.parse(await readFile(join(path, MANIFEST), 'utf8'))) };
  } catch (cause) {
    throw new BackupError(`${join(path, MANIFEST)} is damaged: ${String(cause)}`, { cause });
  }
}

/** Removes a complete backup. It gets another name first, so that one that is removed halfway never counts as complete. */
export async function removeBackup(folder: string, name: string): Promise<void> {
  const partial = partialFolder(folder, name);
  await rename(join(folder, name), partial);
  await rm(partial, { recursive: true });
}

/**
 * Removes what interrupted backups have left over.
 * @returns the paths of incomplete backups that are younger. Another process may be making them.
 */
export async function removeLeftOvers(folder: string): Promise<string[]> {
  const younger: string[] = [];
  for (const name of (await readdir(folder)).filter((each) => each.startsWith(PARTIAL))) {
    const path = join(folder, name);
    const files = (await readdir(path)).map((file) => join(path, file));
    const times = await Promise.all([path, ...files].map(async (each) => (await stat(each)).mtimeMs));
    if (Date.now() - Math.max(...times) > LEFT_OVER_MS) await rm(path, { recursive: true });
    else younger.push(path);
  }
  return younger;
}

/** The free space on the file system of a folder. Bytes. */
export async function freeSpace(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}
