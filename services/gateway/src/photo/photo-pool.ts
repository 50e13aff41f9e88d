import { abortable } from '@cinematica/concurrency';
import { PhotoProcessError } from './photo-error.ts';
import type { PhotoLimits } from './photo-limits.ts';
import { spawnPhotoProcess } from './photo-process.ts';
import type { PhotoProcess } from './photo-process.ts';

/** The time limit for the start of a process. Milliseconds. */
const START_MS = 60_000;

/** Processes that decode photos. One that is discarded is replaced at once, so that the next photo does not wait for its start. */
export interface PhotoPool extends AsyncDisposable {
  /** The process ids of the running processes, in the order of their start. */
  readonly pids: readonly number[];
  /** Starts the processes. @throws {@link PhotoProcessError} when they cannot be started; the signal's reason. */
  ready(signal: AbortSignal): Promise<void>;
  /**
   * Takes the oldest process that is free, and waits until it has started. Whoever takes it gives it back, or discards it.
   * @throws {@link PhotoProcessError} when it cannot be started; the signal's reason.
   */
  take(signal: AbortSignal): Promise<PhotoProcess>;
  giveBack(process: PhotoProcess): void;
  /** Kills a process that was taken. */
  discard(process: PhotoProcess): void;
}

interface Entry {
  readonly process: PhotoProcess;
  readonly started: Promise<void>;
  isTaken: boolean;
}

/** @param size how many processes there are from the first photo on. */
export function createPhotoPool(size: number, limits: PhotoLimits): PhotoPool {
  /** In the order of their start. */
  const entries = new Map<PhotoProcess, Entry>();
  let isClosed = false;

  /** @throws {@link PhotoProcessError} */
  function spawn(): Entry {
    const process = spawnPhotoProcess(limits);
    const deadline = AbortSignal.timeout(START_MS);
    const started = abortable(process.ready(), deadline).catch((cause: unknown) => {
      process.kill();
      if (!deadline.aborted) throw cause;
      throw new PhotoProcessError('the photo process did not start in time', { cause });
    });
    // Whoever takes the process gets the error.
    started.catch(() => undefined);
    const entry: Entry = { process, started, isTaken: false };
    entries.set(process, entry);
    void process.gone.then(() => entries.delete(process));
    return entry;
  }

  /** Starts missing processes. When that fails, the next photo tries it again, and gets the error. */
  function refill(): void {
    try {
      while (entries.size < size && !isClosed) spawn();
    } catch (error) {
      if (!(error instanceof PhotoProcessError)) throw error;
    }
  }

  return {
    get pids() {
      return [...entries.keys()].filter(({ alive }) => alive).map(({ pid }) => pid);
    },
    async ready(signal) {
      while (entries.size < size) spawn();
      await abortable(Promise.all([...entries.values()].map(({ started }) => started)), signal);
    },
    async take(signal) {
      signal.throwIfAborted();
      const entry = [...entries.values()].find(({ process, isTaken }) => !isTaken && process.alive) ?? spawn();
      entry.isTaken = true;
      refill();
      try {
        await abortable(entry.started, signal);
      } catch (error) {
        entry.isTaken = false;
        throw error;
      }
      return entry.process;
    },
    giveBack(process) {
      const entry = entries.get(process);
      if (entry) entry.isTaken = false;
    },
    discard(process) {
      process.kill();
      entries.delete(process);
      refill();
    },
    async [Symbol.asyncDispose]() {
      isClosed = true;
      const running = [...entries.keys()];
      for (const process of running) process.kill();
      await Promise.all(running.map(({ gone }) => gone));
    },
  };
}
