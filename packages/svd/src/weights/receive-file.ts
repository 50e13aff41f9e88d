import { open, stat } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { FetchError } from './fetch-error.ts';
import type { Hub } from './hub.ts';

/** How patient to be with a connection. */
export interface Patience {
  /** Attempts in a row that bring no new byte, after which to give up. */
  readonly attempts: number;
  /** Milliseconds to wait after the `failures`th failed attempt, from 1. */
  readonly delay: (failures: number) => number;
  /** Milliseconds without a byte after which a connection counts as dead. */
  readonly stall: number;
}

/** Gives up after about half a minute without progress. */
export const PATIENCE: Patience = { attempts: 6, delay: (failures) => 1000 * 2 ** (failures - 1), stall: 30_000 };

/** What {@link receiveFile} is to fetch, and whom to tell. */
export interface Receipt {
  readonly hub: Hub;
  readonly path: string;
  /** The file's size on the hub. */
  readonly bytes: number;
  /** Where it goes; what is there already is taken as the file's beginning. */
  readonly part: string;
  readonly patience: Patience;
  /** Told the bytes there so far; fewer than before when the server had to start over. */
  readonly onBytes: (bytes: number) => void;
  /** Told one line when a connection has failed and another attempt follows. */
  readonly onRetry: (line: string) => void;
}

/**
 * Fetches what is still missing of a file, over as many connections as it takes. What has arrived is not checked
 * against a digest here.
 *
 * @throws {@link FetchError} where the server won't, or no attempt brings anything new.
 */
export async function receiveFile(receipt: Receipt, signal?: AbortSignal): Promise<void> {
  const { part, bytes, path, patience } = receipt;
  let most = await sizeOf(part);
  for (let failures = 0; (await sizeOf(part)) !== bytes;) {
    try {
      await receiveOnce(receipt, signal);
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof FetchError) || !error.transient) throw error;
      const size = await sizeOf(part);
      failures = size > most ? 0 : failures + 1;
      most = Math.max(most, size);
      if (failures >= patience.attempts) throw error;
      const wait = patience.delay(Math.max(failures, 1));
      receipt.onRetry(`${path}: ${error.message}; trying again in ${Math.ceil(wait / 1000)} s`);
      await setTimeout(wait, undefined, { signal });
    }
  }
}

/** The size of what is at `path`, 0 where there is nothing. */
export async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => null))?.size ?? 0;
}

async function receiveOnce(
  { hub, path, bytes, part, patience, onBytes }: Receipt,
  signal?: AbortSignal,
): Promise<void> {
  const there = await sizeOf(part);
  const offset = there < bytes ? there : 0;
  const stalled = new AbortController();
  const timer = globalThis.setTimeout(() => stalled.abort(), patience.stall);
  try {
    const both = signal ? AbortSignal.any([signal, stalled.signal]) : stalled.signal;
    const response = await hub.open(path, offset, both);
    if (response.status === 416) throw new FetchError(`${path}: the hub has fewer than the ${bytes} bytes expected`);
    if (!response.body) throw new FetchError(`${path}: the hub sends nothing`, { transient: true });
    const begin = beginning(response);
    if (begin !== 0 && begin !== offset) {
      throw new FetchError(`${path}: asked for byte ${offset} on, the hub sends from ${begin} on`);
    }

    await using file = await open(part, begin === 0 ? 'w' : 'a');
    let size = begin;
    onBytes(size);
    for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
      timer.refresh();
      size += chunk.length;
      if (size > bytes) throw new FetchError(`${path}: the hub sends more than the ${bytes} bytes expected`);
      await file.appendFile(chunk);
      onBytes(size);
    }
    if (size < bytes) throw new FetchError('the connection ended early', { transient: true });
    await file.sync();
  } catch (cause) {
    signal?.throwIfAborted();
    if (stalled.signal.aborted) {
      throw new FetchError(`no answer for ${patience.stall / 1000} s`, { cause, transient: true });
    }
    if (cause instanceof FetchError) throw cause;
    const message = cause instanceof Error ? cause.message : String(cause);
    // What the disk refuses has a system call in it; all else comes from the connection.
    if (cause instanceof Error && 'syscall' in cause) throw new FetchError(`${part}: ${message}`, { cause });
    throw new FetchError(`the connection broke (${message})`, { cause, transient: true });
  } finally {
    clearTimeout(timer);
    stalled.abort(); // lets go of a connection whose answer was not wanted
  }
}

/** The first byte that a response brings. */
function beginning(response: Response): number {
  if (response.status !== 206) return 0;
  const range = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '');
  return range ? Number(range[1]) : NaN;
}
