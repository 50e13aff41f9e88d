import { FileKind } from '@cinematica/protocol/stages';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { muxMedia } from './media.ts';
import type { MediaFile } from './media.ts';
import { OUTPUT_FILES } from '@cinematica/settings';
import type { FileFormat, OutputName } from '@cinematica/settings';
import type { MediaRequest } from './media-request.ts';

interface FileSpec {
  readonly kind: FileKind;
  readonly format: FileFormat;
  readonly boomerang: boolean;
  readonly contentType: string;
}

const specOf = (name: OutputName, kind: FileKind): FileSpec => {
  const { format, boomerang, contentType } = OUTPUT_FILES[name];
  return { kind, format, boomerang, contentType };
};

export const FILES: Readonly<Record<OutputName, FileSpec>> = {
  mp4: specOf('mp4', FileKind.MP4),
  poster: specOf('poster', FileKind.POSTER),
  card: specOf('card', FileKind.CARD),
  loop: specOf('loop', FileKind.LOOP),
  webp: specOf('webp', FileKind.WEBP),
  webm: specOf('webm', FileKind.WEBM),
};

/** The files to make: the mp4, the poster, the card, and the others that are wanted. */
export const filesToMake = (wanted: (name: OutputName) => boolean): OutputName[] =>
  (Object.keys(FILES) as OutputName[]).filter((name) => !OUTPUT_FILES[name].optional || wanted(name));

/** The names of temporary folders begin with this, followed by the id of their process. */
const FOLDER_PREFIX = 'cinematica-mux-';

/**
 * Removes the temporary folders of processes that were killed. Called once at the start: folders of this process's own id are of
 * an earlier process, as in a container that was restarted.
 */
export async function removeStaleFolders(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const pid = new RegExp(`^${FOLDER_PREFIX}(\\d+)-`).exec(name)?.[1];
    if (pid === undefined || (Number(pid) !== process.pid && isAlive(Number(pid)))) continue;
    // Another process may remove it at the same time, and it may be another user's.
    await rm(join(tmpdir(), name), { recursive: true, force: true }).catch(() => undefined);
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // The process of another user cannot be signalled, but it is alive.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** A finished file. It is removed after `use` has ended. */
export interface MadeFile extends MediaFile, Omit<FileSpec, 'format' | 'boomerang'> {
  readonly name: OutputName;
}

/**
 * Makes files in a temporary folder, which is removed afterwards.
 * @param use reads the files.
 * @throws as {@link muxMedia}
 */
export async function makeFiles<T>(
  names: readonly OutputName[],
  frames: AsyncIterable<Uint8Array>,
  request: Omit<MediaRequest, 'outputs'>,
  use: (files: MadeFile[]) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  return inFolder(async (folder) => {
    const outputs = names.map((name) => ({ ...FILES[name], file: join(folder, name) }));
    const made = await muxMedia(frames, { ...request, outputs }, signal);
    return use(made.map((file, index) => ({ ...file, ...FILES[names[index]!], name: names[index]! })));
  });
}

/** Works in a temporary folder, which is removed afterwards. */
export async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), `${FOLDER_PREFIX}${process.pid}-`));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
