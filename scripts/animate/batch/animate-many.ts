import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { lockFolder } from '../../launch/folder-lock.ts';
import { describeFile } from '../animate-one.ts';
import type { Arguments, ManyPhotos } from '../arguments.ts';
import { checkOutput, OutputError } from '../check-output.ts';
import { openSession } from '../make-video.ts';
import { openSystem } from '../open-system.ts';
import { createPhotoReader } from '../photo.ts';
import type { Progress } from '../progress.ts';
import { describeApiError } from '../system-error.ts';
import { UsageError } from '../usage-error.ts';
import { findPhotos } from './find-photos.ts';
import type { FoundPhotos } from './find-photos.ts';
import { planBatch } from './plan-batch.ts';
import type { BatchPlan } from './plan-batch.ts';
import { RECORDS } from './records.ts';
import { runBatch, withPath } from './run-batch.ts';
import type { BatchResult, Outcome } from './run-batch.ts';

/**
 * Makes the videos of several photos. It prints each file when it is there, and the photos that failed at the end.
 *
 * @returns whether all videos exist
 * @throws UsageError when there is no photo; OutputError; the error that ended the work early
 */
export async function animateMany(
  work: ManyPhotos,
  args: Arguments,
  project: string,
  progress: Progress,
  signal: AbortSignal,
): Promise<boolean> {
  const found = await findPhotos(work.sources, work.folder);
  if (found.photos.length === 0) {
    throw new UsageError(found.missing.map(({ path, reason }) => `${path}: ${reason}`).join('; '));
  }
  using cleanup = new DisposableStack();
  cleanup.use(await lockOutput(work.folder));
  const plan = await planBatch(found.photos, work, args);
  for (const { path, reason } of found.missing) progress.note(`failed: ${path}: ${reason}`);
  const { outcomes, endedBy } = await makeAll(plan, work, args, project, progress, signal);
  for (const line of summarise(found, plan, outcomes)) progress.note(line);
  if (endedBy instanceof Error) throw endedBy;
  return found.missing.length === 0 && outcomes.every(({ error }) => error === null);
}

/** Creates the folder of the videos, and keeps other commands from writing to it. */
async function lockOutput(folder: string): Promise<Disposable> {
  try {
    await mkdir(join(folder, RECORDS), { recursive: true });
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    if (code !== 'EEXIST' && code !== 'ENOTDIR') throw cause;
    throw new OutputError(`${folder}: this is not a folder`, { cause });
  }
  await checkOutput(join(folder, 'video'), folder);
  const lock = lockFolder(join(folder, RECORDS));
  if (lock === null) throw new OutputError(`${folder}: another command makes videos in this folder`);
  return lock;
}

async function makeAll(
  { jobs, request }: BatchPlan,
  { folder, jobs: most }: ManyPhotos,
  args: Arguments,
  project: string,
  progress: Progress,
  signal: AbortSignal,
): Promise<BatchResult> {
  if (jobs.length === 0) return { outcomes: [], endedBy: null };
  try {
    await using system = await openSystem(args.system, project, progress, signal);
    const session = await openSession(system, args, signal);
    const allowed = session.capabilities.limits?.maxUnfinishedVideos ?? 1;
    const limit = Math.max(1, Math.min(most, allowed, jobs.length));
    const batch = { jobs, folder, settings: args.settings, limit, request };
    await using photos = createPhotoReader();
    return await runBatch(
      session,
      photos,
      batch,
      progress,
      ({ photo }, { files, frameRate }, seconds) => {
        const [first = '', ...others] = files.map((file) => describeFile(file, frameRate));
        progress.result(`${photo.path} -> ${first}, in ${Math.round(seconds)} s`);
        for (const line of others) progress.result(line);
      },
      signal,
    );
  } catch (error) {
    throw describeApiError(error, 'the photos');
  }
}

function summarise({ missing }: FoundPhotos, { jobs, done }: BatchPlan, outcomes: readonly Outcome[]): string[] {
  const failed = outcomes.flatMap(({ job, error }) => (error ? [withPath(job.photo.path, error.message)] : []));
  const unfound = missing.map(({ path, reason }) => `${path}: ${reason}`);
  const ended = new Set(outcomes.map(({ job }) => job));
  const left = jobs.filter((job) => !ended.has(job)).map(({ photo }) => `${photo.path}: not made`);
  const counts = [
    `${outcomes.length - failed.length} made`,
    ...(done.length > 0 ? [`${done.length} skipped, because they were made before`] : []),
    ...(failed.length + unfound.length > 0 ? [`${failed.length + unfound.length} failed`] : []),
    ...(left.length > 0 ? [`${left.length} not made`] : []),
  ];
  const lists = [...unfound, ...failed, ...left].map((line) => `  ${line}`);
  return [`videos: ${counts.join(', ')}${lists.length > 0 ? ':' : ''}`, ...lists];
}
