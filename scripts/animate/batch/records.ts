import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { z } from 'zod';

/** The folder of the records, within the folder of the videos. */
export const RECORDS = '.animate';

const schema = z.object({
  version: z.literal(1),
  /** The name of the video, without an extension. */
  name: z.string(),
  photo: z.object({ path: z.string(), sha256: z.string() }),
  /** The settings, the outputs and the model that were asked for, as JSON. */
  request: z.string(),
  files: z.array(z.object({ path: z.string(), sha256: z.string() })).min(1),
});

/**
 * What a video in a folder was made from. The next run finds it there, and so knows which videos exist already: names alone
 * do not show whether the photo or the settings have changed.
 */
export type VideoEntry = z.output<typeof schema>;

/** Reads all records of a folder. Files that are not records are ignored. */
export async function readRecords(folder: string): Promise<VideoEntry[]> {
  const root = join(folder, RECORDS);
  const names = await readdir(root, { recursive: true }).catch(() => []);
  const records = names
    .filter((name) => name.endsWith('.json'))
    .map(async (name) => {
      const text = await readFile(join(root, name), 'utf8');
      return parseRecord(text);
    });
  return (await Promise.all(records)).filter((record) => record !== null);
}

function parseRecord(text: string): VideoEntry | null {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

/** Stores the record of a video, and replaces an earlier one of the same name. */
export async function writeRecord(folder: string, record: VideoEntry): Promise<void> {
  const file = join(folder, RECORDS, `${record.name}.json`);
  await mkdir(dirname(file), { recursive: true });
  // By renaming, so that an interrupted run leaves no half record.
  await writeFile(`${file}.part`, `${JSON.stringify(record, null, 2)}\n`);
  await rename(`${file}.part`, file);
}

/** A file of a video, as a record names it. */
export const recordedFile = (folder: string, path: string, sha256: string): VideoEntry['files'][number] => ({
  path: relative(folder, path),
  sha256,
});

/** Whether all files of a video exist and are as they were downloaded. */
export async function isIntact(folder: string, { files }: VideoEntry): Promise<boolean> {
  for (const { path, sha256 } of files) if ((await digestOf(join(folder, path))) !== sha256) return false;
  return true;
}

/** The SHA-256 of a file, in hexadecimal digits; null when it cannot be read. */
export async function digestOf(path: string): Promise<string | null> {
  try {
    const hash = createHash('sha256');
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
    return hash.digest('hex');
  } catch {
    return null;
  }
}
