import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Arguments, ManyPhotos } from '../arguments.ts';
import type { WantedFile } from '../make-video.ts';
import type { FoundPhoto } from './find-photos.ts';
import { digestOf, isIntact, readRecords } from './records.ts';
import type { VideoEntry } from './records.ts';

/** A photo whose video has to be made. */
export interface BatchJob {
  readonly photo: FoundPhoto;
  /** The name of the video, without an extension. */
  readonly name: string;
  readonly files: readonly WantedFile[];
}

/** What has to be done, and what was done by an earlier run. */
export interface BatchPlan {
  readonly jobs: readonly BatchJob[];
  readonly done: readonly { readonly photo: FoundPhoto; readonly record: VideoEntry }[];
  /** The settings, the outputs and the model, as JSON. */
  readonly request: string;
}

/**
 * Decides which videos have to be made, and their names. A video exists already when a record says that it was made from the
 * same photo with the same settings, and its files have not been changed since. A name that another file has gets a number,
 * as in `beach-2`; only the earlier video of the same photo is replaced.
 */
export async function planBatch(
  photos: readonly FoundPhoto[],
  { folder, force }: ManyPhotos,
  args: Pick<Arguments, 'outputs' | 'settings' | 'system'>,
): Promise<BatchPlan> {
  const request = JSON.stringify({
    settings: args.settings,
    outputs: args.outputs.map(({ ending }) => ending),
    model: args.system.model,
  });
  const records = await readRecords(folder);
  const names = new Set(records.map(({ name }) => keyOf(name)));
  const used = new Set<VideoEntry>();
  const plan = { jobs: [] as BatchJob[], done: [] as { photo: FoundPhoto; record: VideoEntry }[], request };

  const filesOf = (name: string): WantedFile[] =>
    args.outputs.map(({ kind, ending }) => ({ kind, path: join(folder, `${name}${ending}`) }));

  function newName(name: string): string {
    for (let number = 1; ; number++) {
      const candidate = number === 1 ? name : `${name}-${number}`;
      if (names.has(keyOf(candidate))) continue;
      if (!filesOf(candidate).some(({ path }) => existsSync(path))) return candidate;
    }
  }

  for (const photo of photos) {
    const own = records.filter((record) => !used.has(record) && mayBeOf(record, photo));
    const sha256 = own.length > 0 ? await digestOf(photo.path) : null;
    const done = force ? undefined : own.find((each) => each.photo.sha256 === sha256 && each.request === request);
    if (done && (await isIntact(folder, done))) {
      used.add(done);
      plan.done.push({ photo, record: done });
      continue;
    }
    const earlier = own.find(({ photo: { path } }) => path === resolve(photo.path));
    const replaces = earlier !== undefined && (await isReplaceable(folder, earlier));
    const name = replaces ? earlier.name : newName(photo.name);
    if (replaces) used.add(earlier);
    names.add(keyOf(name));
    plan.jobs.push({ photo, name, files: filesOf(name) });
  }
  return plan;
}

/** Names that differ only in case are the same file on many systems. */
const keyOf = (name: string): string => name.toLowerCase();

/** Whether a video may have been made from a photo: the path is the same, or the photo was moved and kept its name. */
function mayBeOf({ name, photo: { path } }: VideoEntry, photo: FoundPhoto): boolean {
  if (path === resolve(photo.path)) return true;
  return name === photo.name || name.replace(/-\d+$/, '') === photo.name;
}

/** A video that was deleted or is as it was made can be replaced. One that was edited is kept. */
async function isReplaceable(folder: string, record: VideoEntry): Promise<boolean> {
  const isGone = !record.files.some(({ path }) => existsSync(join(folder, path)));
  return isGone || isIntact(folder, record);
}
