import { open, stat } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { DownloadError } from './download-error.ts';
import type { Hub } from './hub.ts';

/** When and how often to retry. */
export interface RetryPolicy {
  /** Number of consecutive attempts without a new byte before giving up. */
  readonly maxAttempts: number;
  /** Delay before the next attempt, in milliseconds. `failures` is the number of failed attempts, from 1. */
  readonly delay: (failures: number) => number;
  /** Time without data after which a connection is aborted, in milliseconds. */
  readonly stallMs: number;
}

/** Gives up after about 30 seconds without progress. */
export const DEFAULT_RETRY_POLICY: RetryPolicy = {
  maxAttempts: 6,
  delay: (failures) => 1000 * 2 ** (failures - 1),
  stallMs: 30_000,
};

/** The parameters of {@link downloadFile}. */
export interface FileDownload {
  readonly hub: Hub;
  /** Path in the repository. */
  readonly source: string;
  /** What the file is called in messages. */
  readonly path: string;
  /** Size of the file on the hub, in bytes. */
  readonly bytes: number;
  /** Path of the target file. Existing content is used as the start of the file. */
  readonly part: string;
  readonly retryPolicy: RetryPolicy;
  /** Receives the number of bytes in the file. It can decrease when the server starts again. */
  readonly onBytes: (bytes: number) => void;
  /** Receives a message of one line when an attempt has failed and another follows. */
  readonly onRetry: (line: string) => void;
}

/**
 * Downloads the missing rest of a file, with several attempts if necessary. It does not verify the digest.
 *
 * @throws {@link DownloadError} when the server refuses, or when the attempts bring no new data
 */
export async function downloadFile(download: FileDownload, signal?: AbortSignal): Promise<void> {
  const { part, bytes, path, retryPolicy } = download;
  let most = await sizeOf(part);
  for (let failures = 0; (await sizeOf(part)) !== bytes;) {
    try {
      await downloadOnce(download, signal);
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof DownloadError) || !error.transient) throw error;
      const size = await sizeOf(part);
      failures = size > most ? 0 : failures + 1;
      most = Math.max(most, size);
      if (failures >= retryPolicy.maxAttempts) throw error;
      const wait = retryPolicy.delay(Math.max(failures, 1));
      download.onRetry(`${path}: ${error.message}; trying again in ${Math.ceil(wait / 1000)} s`);
      await setTimeout(wait, undefined, { signal });
    }
  }
}

/** The size of a file in bytes; 0 if it does not exist. */
export async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => null))?.size ?? 0;
}

async function downloadOnce(
  { hub, source, path, bytes, part, retryPolicy, onBytes }: FileDownload,
  signal?: AbortSignal,
): Promise<void> {
  const existing = await sizeOf(part);
  const offset = existing < bytes ? existing : 0;
  const stalled = new AbortController();
  const timer = globalThis.setTimeout(() => stalled.abort(), retryPolicy.stallMs);
  try {
    const both = signal ? AbortSignal.any([signal, stalled.signal]) : stalled.signal;
    const response = await hub.open(source, offset, both);
    if (response.status === 416)
      throw new DownloadError(`${path}: the file on the hub is smaller than the expected ${bytes} bytes`);
    if (!response.body) throw new DownloadError(`${path}: the hub sent no data`, { transient: true });
    const begin = beginning(response);
    if (begin !== 0 && begin !== offset) {
      throw new DownloadError(`${path}: requested data from byte ${offset}, but the hub sent data from byte ${begin}`);
    }

    await using file = await open(part, begin === 0 ? 'w' : 'a');
    let size = begin;
    onBytes(size);
    for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
      timer.refresh();
      size += chunk.length;
      if (size > bytes)
        throw new DownloadError(`${path}: the file on the hub is larger than the expected ${bytes} bytes`);
      await file.appendFile(chunk);
      onBytes(size);
    }
    if (size < bytes) throw new DownloadError('the connection ended early', { transient: true });
    await file.sync();
  } catch (cause) {
    signal?.throwIfAborted();
    if (stalled.signal.aborted) {
      throw new DownloadError(`no data for ${retryPolicy.stallMs / 1000} s`, { cause, transient: true });
    }
    if (cause instanceof DownloadError) throw cause;
    const message = cause instanceof Error ? cause.message : String(cause);
    // An error with a system call comes from the disk; any other comes from the connection.
    if (cause instanceof Error && 'syscall' in cause) throw new DownloadError(`${part}: ${message}`, { cause });
    throw new DownloadError(`the connection broke (${message})`, { cause, transient: true });
  } finally {
    clearTimeout(timer);
    stalled.abort(); // closes a connection whose response was not read
  }
}

/** The offset of the first byte in a response. */
function beginning(response: Response): number {
  if (response.status !== 206) return 0;
  const range = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '');
  return range ? Number(range[1]) : NaN;
}
