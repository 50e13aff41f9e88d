import { mkdir, rename, rm, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Checkpoint, CheckpointFile } from './checkpoints.ts';
import { FetchError } from './fetch-error.ts';
import { createHub } from './hub.ts';
import type { Hub } from './hub.ts';
import { PATIENCE, receiveFile, sizeOf } from './receive-file.ts';
import type { Patience } from './receive-file.ts';
import { verifyFile } from './verify-file.ts';
import type { Expected } from './verify-file.ts';

/** Who is told what happens while a checkpoint is fetched. */
export interface FetchListener {
  /** One line for people. */
  readonly note: (line: string) => void;
  /** Bytes of the whole checkpoint there so far, of how many, and the file that is coming. */
  readonly progress: (path: string, done: number, total: number) => void;
}

/** Where a checkpoint comes from and goes to. */
export interface FetchOptions {
  /** Created where it is missing. */
  readonly folder: string;
  readonly endpoint: string;
  readonly token?: string | undefined;
  readonly patience?: Patience;
}

/**
 * Fetches what is missing of a checkpoint into a folder. A file gets its name when it is whole and checked; until then
 * it is a `.part`, which the next call continues. Files that are there are checked, and fetched again if damaged.
 *
 * @throws {@link FetchError} with one line that says what to do.
 */
export async function fetchCheckpoint(
  checkpoint: Checkpoint,
  { folder, endpoint, token, patience = PATIENCE }: FetchOptions,
  listener: FetchListener,
  signal?: AbortSignal,
): Promise<void> {
  const hub = createHub({ ...checkpoint, endpoint, token });
  const wanted: Expected[] = [];
  for (const file of checkpoint.files) {
    const expected = await describe(hub, file, signal);
    const path = join(folder, file.path);
    if ((await sizeOf(path)) === 0) {
      wanted.push(expected);
      continue;
    }
    const wrong = await verifyFile(path, expected, signal);
    listener.note(wrong ? `${file.path}: ${wrong}; fetching it again` : `${file.path}: already there, checked`);
    if (wrong) wanted.push(expected);
  }

  const total = wanted.reduce((sum, { bytes }) => sum + bytes, 0);
  // A hub out of reach, or one that refuses, is said at once, without the patience that a long download deserves.
  if (wanted[0]) await hub.describe(wanted[0].path, signal);
  await prepare(folder, wanted);
  let before = 0;
  for (const expected of wanted) {
    const progress = (bytes: number): void => listener.progress(expected.path, before + bytes, total);
    await fetchFile(hub, join(folder, expected.path), expected, patience, { ...listener, bytes: progress }, signal);
    before += expected.bytes;
  }
}

/** What a file has to be: as built in where that is complete, else as the hub says. */
async function describe(hub: Hub, file: CheckpointFile, signal?: AbortSignal): Promise<Expected> {
  const { path, bytes, sha256 } = file;
  const weights = path.endsWith('.safetensors');
  if (bytes !== undefined && (sha256 !== undefined || !weights)) return { path, bytes, sha256: sha256 ?? null };
  const told = await hub.describe(path, signal);
  if (weights && told.sha256 === null) throw new FetchError(`${path}: the hub gives no SHA-256 to check it against`);
  return { path, ...told };
}

/** Makes the folders, and sure that there is room. */
async function prepare(folder: string, wanted: readonly Expected[]): Promise<void> {
  try {
    for (const { path } of wanted) await mkdir(dirname(join(folder, path)), { recursive: true });
    if (wanted.length === 0) return;
    const parts = await Promise.all(wanted.map(({ path }) => sizeOf(partOf(join(folder, path)))));
    const needed = wanted.reduce((sum, { bytes }, i) => sum + Math.max(0, bytes - (parts[i] ?? 0)), 0);
    const { bavail, bsize } = await statfs(folder);
    if (bavail * bsize < needed) {
      throw new FetchError(`${folder}: ${gigabytes(needed)} are needed, ${gigabytes(bavail * bsize)} are free`);
    }
  } catch (cause) {
    if (cause instanceof FetchError) throw cause;
    throw new FetchError(`${folder}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

async function fetchFile(
  hub: Hub,
  file: string,
  expected: Expected,
  patience: Patience,
  listener: { readonly note: (line: string) => void; readonly bytes: (bytes: number) => void },
  signal?: AbortSignal,
): Promise<void> {
  const { path, bytes } = expected;
  const part = partOf(file);
  const receipt = { hub, path, bytes, part, patience, onBytes: listener.bytes, onRetry: listener.note };
  for (let resumed = (await sizeOf(part)) > 0; ; resumed = false) {
    await receiveFile(receipt, signal);
    const wrong = await verifyFile(part, expected, signal);
    if (!wrong) break;
    await rm(part);
    if (!resumed) throw new FetchError(`${path}: what the hub sent is damaged (${wrong}), and has been deleted`);
    listener.note(`${path}: does not fit what had been fetched before (${wrong}); starting over`);
  }
  await rename(part, file);
}

const partOf = (file: string): string => `${file}.part`;

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(2)} GB`;
