import { UnavailableError } from '../../domain/errors.ts';
import type { VideoRecord } from '../../domain/messages.ts';
import { changed, UnknownVideoError } from '../../domain/ports/records.ts';
import type { Change, Records, StoredRecord, Updated } from '../../domain/ports/records.ts';
import { claimedTask, ClaimLostError, renewClaim } from '../../domain/video/task-changes.ts';
import type { Claim } from '../../domain/video/task-changes.ts';
import type { Log } from '../../telemetry/log.ts';
import { STEP_ALLOWANCE } from './progress-deadline.ts';
import { StalledError } from './stage-errors.ts';

/** Keeps a claimed task while a worker runs it. */
export interface TaskLease {
  /** Aborted with ClaimLostError when the task is no longer ours, with StalledError when it made no progress. */
  readonly signal: AbortSignal;
  /** Records progress. It is written once the write before it is done; only the newest progress is written. */
  progress(step: number, steps: number): void;
  /** Tells that the task is alive without having done a step. */
  touch(): void;
  /** Reads the record now, because the video may have been cancelled or deleted. */
  check(): void;
  /** Changes the record, starting from the newest revision that the lease knows. */
  update<T>(change: Change<T>, signal?: AbortSignal): Promise<Updated<T>>;
  /** Ends the lease. Nothing is written and no signal is aborted afterwards. */
  end(): Promise<void>;
}

export interface TaskLeaseOptions {
  readonly records: Records;
  /** The record as the claim has written it. */
  readonly claimed: StoredRecord;
  readonly claim: Claim;
  /** Milliseconds until the task may be claimed by another worker. The lease is renewed every third of it. */
  readonly duration: number;
  /** Milliseconds without progress after which the task is aborted, unless its own steps took long. */
  readonly progressDeadline: number;
  /** Called with every heartbeat, so that the queue does not deliver the message again. */
  readonly heartbeat: () => void;
  readonly log: Log;
}

/**
 * Sends a heartbeat to the queue and renews the lease in the record, every third of its duration. Each write is a
 * compare-and-set, which also detects a cancelled video and a task that was taken over.
 */
export function createTaskLease(options: TaskLeaseOptions): TaskLease {
  const { records, claimed, claim, duration, progressDeadline, heartbeat, log } = options;
  const controller = new AbortController();
  const ended = new AbortController();
  const hasEnded = () => ended.signal.aborted;
  let pendingProgress: { step: number; steps: number } | null = null;
  let mustRenew = false;
  let mustCheck = false;
  let writing: Promise<void> | null = null;
  let newest = claimed;
  let lastUpdate: Promise<unknown> = Promise.resolve();
  let renewedAt = Date.now();
  let movedAt = Date.now();
  /** The longest step of this attempt. The next one may take a multiple of it, whatever was predicted. */
  let longestStep = 0;

  function remember(stored: StoredRecord): void {
    if (stored.revision > newest.revision) newest = stored;
  }

  /** Updates run one after the other, because two at the same time would conflict. */
  function update<T>(change: Change<T>, signal?: AbortSignal): Promise<Updated<T>> {
    const updated = lastUpdate.then(async () => {
      const result = await records.updateFrom(newest, change, signal);
      remember(result.stored);
      return result;
    });
    lastUpdate = updated.catch(() => undefined);
    return updated;
  }

  async function renew(): Promise<void> {
    const progress = pendingProgress ?? undefined;
    pendingProgress = null;
    const change = (record: VideoRecord) => {
      renewClaim(record, claim, duration, progress);
      return changed();
    };
    await update(change, ended.signal);
    renewedAt = Date.now();
  }

  async function check(): Promise<void> {
    const stored = await records.get(claimed.record);
    if (!stored) throw new UnknownVideoError('there is no such video');
    remember(stored);
    claimedTask(stored.record, claim);
  }

  async function write(): Promise<void> {
    while ((mustRenew || mustCheck) && !hasEnded()) {
      // A renewal reads the record as well.
      const operation = mustRenew ? renew : check;
      mustRenew = mustCheck = false;
      try {
        await operation();
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
        // The task goes on. The next heartbeat tries again.
        if (!(error instanceof UnavailableError)) log.error('progress could not be written', error);
      }
    }
  }

  const startWriting = () => {
    writing ??= write().finally(() => (writing = null));
  };

  const timer = setInterval(() => {
    const idle = Date.now() - movedAt;
    if (idle > Math.max(progressDeadline, STEP_ALLOWANCE * longestStep)) {
      controller.abort(new StalledError(`it made no progress for ${Math.round(idle / 1000)} s`));
      clearInterval(timer);
      return;
    }
    heartbeat();
    if (Date.now() - renewedAt >= duration / 3) {
      mustRenew = true;
      startWriting();
    }
  }, duration / 3);

  return {
    signal: controller.signal,
    progress(step, steps) {
      longestStep = Math.max(longestStep, Date.now() - movedAt);
      movedAt = Date.now();
      pendingProgress = { step, steps };
      mustRenew = true;
      startWriting();
    },
    touch() {
      movedAt = Date.now();
    },
    check() {
      mustCheck = true;
      startWriting();
    },
    update,
    async end() {
      clearInterval(timer);
      ended.abort();
      await writing;
    },
  };
}
