import { mkdir, rename, rm, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { PublishedCheckpoint, CheckpointFile } from './published-checkpoints.ts';
import { DownloadError } from './download-error.ts';
import { createHub } from './hub.ts';
import type { Hub } from './hub.ts';
import { DEFAULT_RETRY_POLICY, downloadFile, sizeOf } from './download-file.ts';
import type { RetryPolicy } from './download-file.ts';
import { verifyFile } from './verify-file.ts';
import type { ExpectedFile } from './verify-file.ts';

/** Receives the progress of a download. */
export interface DownloadListener {
  /** A message of one line. */
  readonly note: (line: string) => void;
  /** The path of the current file, and the downloaded and total bytes of the whole checkpoint. */
  readonly progress: (path: string, done: number, total: number) => void;
}

/** Options of a download. */
export interface DownloadOptions {
  /** The target folder. It is created if necessary. */
  readonly folder: string;
  /** Address of the hub. */
  readonly endpoint: string;
  /** Access token for gated repositories. */
  readonly token?: string | undefined;
  readonly retryPolicy?: RetryPolicy;
}

/**
 * Downloads the missing files of a checkpoint into a folder. While a file is downloaded, its name ends in `.part`; the next
 * call continues such a file. A complete file is verified before it gets its name. Existing files are verified, too, and
 * downloaded again if they are damaged.
 *
 * @throws {@link DownloadError} with a message of one line that says what to do
 */
export async function downloadCheckpoint(
  checkpoint: PublishedCheckpoint,
  { folder, endpoint, token, retryPolicy = DEFAULT_RETRY_POLICY }: DownloadOptions,
  listener: DownloadListener,
  signal?: AbortSignal,
): Promise<void> {
  const wanted: Wanted[] = [];
  for (const file of checkpoint.files) {
    const { repository, revision } = file.from ?? checkpoint;
    const hub = createHub({ repository, revision, endpoint, token });
    const expected = { ...(await describe(hub, file, signal)), hub, source: sourceOf(file) };
    const path = join(folder, file.path);
    if ((await sizeOf(path)) === 0) {
      wanted.push(expected);
      continue;
    }
    const wrong = await verifyFile(path, expected, signal);
    listener.note(wrong ? `${file.path}: ${wrong}; downloading it again` : `${file.path}: exists and is verified`);
    if (wrong) wanted.push(expected);
  }

  const total = wanted.reduce((sum, { bytes }) => sum + bytes, 0);
  // This request is not retried, so an unreachable hub or a refused access is reported immediately.
  for (const { hub, source } of wanted.slice(0, 1)) await hub.describe(source, signal);
  await prepare(folder, wanted);
  let before = 0;
  for (const expected of wanted) {
    const progress = (bytes: number): void => listener.progress(expected.path, before + bytes, total);
    await downloadAndVerify(
      join(folder, expected.path),
      expected,
      retryPolicy,
      { ...listener, bytes: progress },
      signal,
    );
    before += expected.bytes;
  }
}

/** A file to download, and where it is. */
interface Wanted extends ExpectedFile {
  readonly hub: Hub;
  /** Its path in the repository. */
  readonly source: string;
}

const sourceOf = ({ path, from }: CheckpointFile): string => from?.path ?? path;

/** Returns the expected size and digest of a file: the built-in ones, or those of the hub. */
async function describe(hub: Hub, file: CheckpointFile, signal?: AbortSignal): Promise<ExpectedFile> {
  const { path, bytes, sha256 } = file;
  const weights = path.endsWith('.safetensors');
  if (bytes !== undefined && (sha256 !== undefined || !weights)) return { path, bytes, sha256: sha256 ?? null };
  const described = await hub.describe(sourceOf(file), signal);
  if (weights && described.sha256 === null) throw new DownloadError(`${path}: the hub has no SHA-256 for this file`);
  return { path, bytes: described.bytes, sha256: sha256 ?? described.sha256 };
}

/** Creates the folders, and checks the free disk space. */
async function prepare(folder: string, wanted: readonly ExpectedFile[]): Promise<void> {
  try {
    for (const { path } of wanted) await mkdir(dirname(join(folder, path)), { recursive: true });
    if (wanted.length === 0) return;
    const parts = await Promise.all(wanted.map(({ path }) => sizeOf(partOf(join(folder, path)))));
    const needed = wanted.reduce((sum, { bytes }, i) => sum + Math.max(0, bytes - (parts[i] ?? 0)), 0);
    const { bavail, bsize } = await statfs(folder);
    if (bavail * bsize < needed) {
      throw new DownloadError(
        `${folder}: ${gigabytes(needed)} are required, but only ${gigabytes(bavail * bsize)} are free`,
      );
    }
  } catch (cause) {
    if (cause instanceof DownloadError) throw cause;
    throw new DownloadError(`${folder}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

async function downloadAndVerify(
  file: string,
  expected: Wanted,
  retryPolicy: RetryPolicy,
  listener: { readonly note: (line: string) => void; readonly bytes: (bytes: number) => void },
  signal?: AbortSignal,
): Promise<void> {
  const { path, bytes, hub, source } = expected;
  const part = partOf(file);
  const download = { hub, source, path, bytes, part, retryPolicy, onBytes: listener.bytes, onRetry: listener.note };
  for (let resumed = (await sizeOf(part)) > 0; ; resumed = false) {
    await downloadFile(download, signal);
    const wrong = await verifyFile(part, expected, signal);
    if (!wrong) break;
    await rm(part);
    if (!resumed) throw new DownloadError(`${path}: the file from the hub was damaged (${wrong}), and was deleted`);
    listener.note(`${path}: the file does not match its earlier part (${wrong}); starting again`);
  }
  await rename(part, file);
}

const partOf = (file: string): string => `${file}.part`;

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(2)} GB`;
