import { FileKind } from '@cinematica/protocol/stages';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { muxMedia } from './media.ts';
import type { MediaFile } from './media.ts';
import type { FileFormat } from '@cinematica/pipeline';
import type { MediaRequest } from './media-request.ts';

/** The name of a file in plans and among the artifacts of a video. */
export type FileName = 'mp4' | 'poster' | 'loop' | 'webp' | 'webm';

interface FileSpec {
  readonly kind: FileKind;
  readonly format: FileFormat;
  readonly boomerang: boolean;
  readonly contentType: string;
}

export const FILES: Readonly<Record<FileName, FileSpec>> = {
  mp4: { kind: FileKind.MP4, format: 'mp4', boomerang: false, contentType: 'video/mp4' },
  poster: { kind: FileKind.POSTER, format: 'poster', boomerang: false, contentType: 'image/webp' },
  loop: { kind: FileKind.LOOP, format: 'mp4', boomerang: true, contentType: 'video/mp4' },
  webp: { kind: FileKind.WEBP, format: 'webp', boomerang: false, contentType: 'image/webp' },
  webm: { kind: FileKind.WEBM, format: 'webm', boomerang: false, contentType: 'video/webm' },
};

/** The files to make: the mp4, the poster, and the others that are wanted. */
export const filesToMake = (wanted: (name: FileName) => boolean): FileName[] =>
  (Object.keys(FILES) as FileName[]).filter((name) => name === 'mp4' || name === 'poster' || wanted(name));

/** A finished file. It is removed after `use` has ended. */
export interface MadeFile extends MediaFile, Omit<FileSpec, 'format' | 'boomerang'> {
  readonly name: FileName;
}

/**
 * Makes files in a temporary folder, which is removed afterwards.
 * @param use reads the files.
 * @throws as {@link muxMedia}
 */
export async function makeFiles<T>(
  names: readonly FileName[],
  frames: AsyncIterable<Uint8Array>,
  request: Omit<MediaRequest, 'outputs'>,
  use: (files: MadeFile[]) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'cinematica-mux-'));
  try {
    const outputs = names.map((name) => ({ ...FILES[name], file: join(folder, name) }));
    const made = await muxMedia(frames, { ...request, outputs }, signal);
    return await use(made.map((file, index) => ({ ...file, ...FILES[names[index]!], name: names[index]! })));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
