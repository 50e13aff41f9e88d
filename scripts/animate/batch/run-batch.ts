import { createSemaphore } from '@cinematica/concurrency';
import { mkdir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { makeVideo } from '../make-video.ts';
import type { MadeVideo, Session } from '../make-video.ts';
import type { PhotoReader } from '../photo.ts';
import type { Progress, State } from '../progress.ts';
import type { Settings } from '../settings-flags.ts';
import { describeApiError, endsEverything, refusesSettings } from '../system-error.ts';
import { createBatchProgress } from './batch-progress.ts';
import type { ItemProgress } from './batch-progress.ts';
import type { BatchJob } from './plan-batch.ts';
import { digestOf, recordedFile, writeRecord } from './records.ts';

/** The videos of a batch. */
export interface Batch {
  readonly jobs: readonly BatchJob[];
  /** The folder of the videos. */
  readonly folder: string;
  readonly settings: Settings;
  /** The most videos that are made at the same time. */
  readonly limit: number;
  /** What is stored in the records, see `planBatch`. */
  readonly request: string;
}

/** What became of a photo. */
export interface Outcome {
  readonly job: BatchJob;
  /** Null when it was made. */
  readonly error: Error | null;
}

/** What became of a batch. */
export interface BatchResult {
  /** In the order in which the videos ended. Videos that were cancelled or not begun are missing. */
  readonly outcomes: readonly Outcome[];
  /** Why the batch ended early; null when it did not. */
  readonly endedBy: unknown;
}

/**
 * Makes the videos of a batch, several at a time. A photo that fails does not end the batch; an error that concerns all
 * photos does, such as a system that has gone. When the signal aborts, the videos in work are cancelled.
 *
 * @param onMade called for each video that was made, with the seconds that it took
 */
export async function runBatch(
  session: Session,
  photos: PhotoReader,
  batch: Batch,
  progress: Progress,
  onMade: (job: BatchJob, video: MadeVideo, seconds: number) => void,
  signal: AbortSignal,
): Promise<BatchResult> {
  const display = createBatchProgress(progress, batch.jobs.length, progress.isTTY);
  // One photo at a time: each may take much memory.
  const decoders = createSemaphore(1);
  const queue = [...batch.jobs];
  const outcomes: Outcome[] = [];
  let hasCreated = false;
  const ending = new AbortController();
  const stopped = AbortSignal.any([signal, ending.signal]);

  async function make({ photo, name, files }: BatchJob, item: ItemProgress): Promise<MadeVideo> {
    const { sha256, upload } = await exclusively(async () => {
      const sha256 = (await digestOf(photo.path)) ?? '';
      return { sha256, upload: await photos.read(photo.path, stopped) };
    });
    const [first] = files;
    if (first) await mkdir(dirname(first.path), { recursive: true });
    const beforeKeep = (made: MadeVideo['files']) =>
      writeRecord(batch.folder, {
        version: 1,
        name,
        photo: { path: resolve(photo.path), sha256 },
        request: batch.request,
        files: made.map((file) => recordedFile(batch.folder, file.path, file.sha256)),
      });
    const job = { upload, settings: batch.settings, files, waitsForRoom: true, beforeKeep };
    const report = {
      show: (state: State) => item.show(state),
      // Not shown: the settings are nearly the same for all videos, and the files contain them.
      created: () => (hasCreated = true),
      note: (line: string) => progress.note(`${photo.path}: ${line}`),
    };
    return makeVideo(session, job, report, stopped);
  }

  async function exclusively<T>(work: () => Promise<T>): Promise<T> {
    const release = await decoders.acquire(stopped);
    try {
      return await work();
    } finally {
      release();
    }
  }

  const isStopped = (): boolean => stopped.aborted;

  async function work(): Promise<void> {
    for (let job = queue.shift(); job && !isStopped(); job = queue.shift()) {
      const item = display.begin(job.photo.path);
      const started = performance.now();
      try {
        const video = await make(job, item);
        onMade(job, video, (performance.now() - started) / 1000);
        outcomes.push({ job, error: null });
      } catch (thrown) {
        if (isStopped()) return;
        const error = describeApiError(thrown, job.photo.path);
        if (endsEverything(thrown) || (!hasCreated && refusesSettings(thrown))) {
          ending.abort(error);
          return;
        }
        const failure = error instanceof Error ? error : new Error(String(error));
        outcomes.push({ job, error: failure });
        progress.note(`failed: ${withPath(job.photo.path, failure.message)}`);
      } finally {
        if (!isStopped()) item.end();
      }
    }
  }

  await Promise.all(Array.from({ length: batch.limit }, work));
  return { outcomes, endedBy: stopped.aborted ? stopped.reason : null };
}

/** A message that begins with the photo's path, which many do already. */
export const withPath = (path: string, message: string): string =>
  message.startsWith(`${path}: `) ? message : `${path}: ${message}`;
