import type { Log } from '../log.ts';
import type { Change, Records, StoredRecord } from '../records/records.ts';
import { UnknownVideoError } from '../records/records.ts';
import { claimedTask, ClaimLostError, renewClaim } from '../records/task-changes.ts';
import type { Claim } from '../records/task-changes.ts';
import { UnavailableError } from '../unavailable.ts';
import { StalledError } from './stage.ts';

/** Holds a claimed task while it is worked on. */
export interface Hold {
  /** Aborted with ClaimLostError when the task is no longer ours, with StalledError when nothing moves. */
  readonly signal: AbortSignal;
  /** Progress: written as soon as the last write is through, the newest one only. */
  progress(step: number, steps: number): void;
  /** Something moved that is no step. */
  touch(): void;
  /** Looks at the record now, because something may have happened to it. */
  check(): void;
  /** Another change of the record by whoever holds the task, from the newest revision that the hold knows. */
  update(change: Change, signal?: AbortSignal): Promise<StoredRecord>;
  /** Ends it: nothing is written or signalled after this. */
  end(): Promise<void>;
}

export interface HoldOptions {
  readonly records: Records;
  /** As the claim left it. */
  readonly claimed: StoredRecord;
  readonly claim: Claim;
  /** Milliseconds. */
  readonly lease: number;
  /** Milliseconds. */
  readonly progressDeadline: number;
  /** Tells the queue that its message is being worked on. */
  readonly working: () => void;
  readonly log: Log;
}

/**
 * Keeps the queue's message and the record's lease alive, every third of the lease. Each write of progress is a
 * compare-and-set, and so also the lease, the check for a cancel, and the fence.
 */
export function createHold({ records, claimed, claim, lease, progressDeadline, working, log }: HoldOptions): Hold {
  const controller = new AbortController();
  const ended = new AbortController();
  let pending: { step: number; steps: number } | null = null;
  let due = false;
  let checking = false;
  let writing: Promise<void> | null = null;
  let newest = claimed;
  let changing: Promise<unknown> = Promise.resolve();
  let written = Date.now();
  let moved = Date.now();

  const know = (stored: StoredRecord): StoredRecord => {
    if (stored.revision > newest.revision) newest = stored;
    return stored;
  };

  /** One after the other: two at once would only lose to each other. */
  function update(change: Change, signal?: AbortSignal): Promise<StoredRecord> {
    const changed = changing.then(async () => know(await records.updateFrom(newest, change, signal)));
    changing = changed.catch(() => undefined);
    return changed;
  }

  async function write(): Promise<void> {
    const hasEnded = () => ended.signal.aborted;
    while ((due || checking) && !hasEnded()) {
      const progress = pending ?? undefined;
      const renew = due;
      pending = null;
      due = checking = false;
      try {
        if (renew) {
          await update((record) => renewClaim(record, claim, lease, progress), ended.signal);
          written = Date.now();
        } else {
          const stored = await records.get(claimed.record);
          if (!stored) throw new UnknownVideoError('there is no such video');
          claimedTask(know(stored).record, claim);
        }
      } catch (error) {
        if (hasEnded()) return;
        if (error instanceof ClaimLostError) {
          controller.abort(error);
          return;
        }
        if (error instanceof UnknownVideoError) {
          controller.abort(new ClaimLostError(false));
          return;
        }
        if (!(error instanceof UnavailableError)) log.error('progress could not be written', error);
        // The next beat tries again; the work itself goes on.
      }
    }
  }

  const kick = () => {
    writing ??= write().finally(() => (writing = null));
  };

  const beat = setInterval(() => {
    if (Date.now() - moved > progressDeadline) {
      controller.abort(new StalledError(`it made no progress for ${Math.round((Date.now() - moved) / 1000)} s`));
      clearInterval(beat);
      return;
    }
    working();
    if (Date.now() - written >= lease / 3) {
      due = true;
      kick();
    }
  }, lease / 3);

  return {
    signal: controller.signal,
    progress(step, steps) {
      moved = Date.now();
      pending = { step, steps };
      due = true;
      kick();
    },
    touch() {
      moved = Date.now();
    },
    check() {
      checking = true;
      kick();
    },
    update,
    async end() {
      clearInterval(beat);
      ended.abort();
      await writing;
    },
  };
}
