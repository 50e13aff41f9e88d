import { abortable } from '@cinematica/concurrency';
import { stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from '../../telemetry/log.ts';

/** The newest content of a file. */
export interface FollowedFile<T> extends Disposable {
  readonly current: T;
}

export interface FollowFileOptions<T> {
  readonly file: string;
  /** What the file contains, for the log, in the plural: "API keys". */
  readonly name: string;
  /** Reads and parses the file. */
  readonly read: (file: string) => Promise<T>;
  readonly log: Pick<Log, 'info' | 'error'>;
  /** How often the file is looked at. Milliseconds. @default 2 seconds; Kubernetes takes up to a minute to update a secret. */
  readonly intervalMs?: number;
  /** How long looking at the file and reading it may take. Milliseconds. @default 10 seconds */
  readonly timeoutMs?: number;
}

/**
 * Reads a file, and reads it again when it changes, so that a secret can be replaced without a restart. The file is looked at by
 * its path, because Kubernetes replaces a mounted secret through symbolic links, which `fs.watch` misses. While the file cannot
 * be read or parsed, its content stays as it was, and the log says why. A file system that does not answer, as of a server that is
 * gone, is not asked again until it does, because each question would keep one of the few threads for files.
 * @throws what `read` throws at the start; Error that names the file when it does not answer in time.
 */
export async function followFile<T>(options: FollowFileOptions<T>): Promise<FollowedFile<T>> {
  const { file, name, read, log, intervalMs = 2_000, timeoutMs = 10_000 } = options;
  const inTime = async <T>(work: Promise<T>): Promise<T> => {
    const deadline = AbortSignal.timeout(timeoutMs);
    try {
      return await abortable(work, deadline);
    } catch (cause) {
      if (cause !== deadline.reason) throw cause;
      throw new Error(`${file} did not answer within ${timeoutMs} ms: check the file system that it is on`, { cause });
    }
  };
  // The version is read first: a change in between is then seen by the next look.
  let version = await inTime(versionOf(file));
  let current = await inTime(read(file));
  /** Why the newest version cannot be read; null when it was read. It is tried again, and each reason is logged once. */
  let failure: string | null = null;
  const ended = new AbortController();

  async function look(): Promise<void> {
    const now = await versionOf(file);
    if (now === version) return;
    try {
      current = await read(file);
      version = now;
      failure = null;
      log.info(`the ${name} were read again`);
    } catch (error) {
      if (String(error) !== failure) log.error(`the ${name} stay as they were`, error);
      failure = String(error);
    }
  }

  async function follow(): Promise<void> {
    for (;;) {
      await delay(intervalMs, undefined, { signal: ended.signal, ref: false });
      const looking = look();
      await inTime(looking).catch((error: unknown) => log.error(`the ${name} cannot be looked at`, error));
      await looking;
    }
  }
  // It ends when the delay is aborted.
  follow().catch(() => undefined);

  return {
    get current() {
      return current;
    },
    [Symbol.dispose]: () => ended.abort(),
  };
}

/** Identifies the content of a file; empty when there is no file. */
async function versionOf(file: string): Promise<string> {
  try {
    const { ino, size, mtimeMs } = await stat(file);
    return `${ino} ${size} ${mtimeMs}`;
  } catch {
    return '';
  }
}
