/** Files, for programs in Node. */
import { openAsBlob } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Media, MediaKind, Video } from '@cinematica/protocol/v1';
import type { CallOptions, Cinematica } from './client.ts';

/** Opens a photo for `Cinematica.create`. @throws the error of the file system */
export const photoFile = (path: string): Promise<Blob> => openAsBlob(path);

/** A completely downloaded file under a temporary name. */
export interface PartFile {
  readonly media: Media;
  /** Renames it to its final name and replaces a file that has it. */
  readonly keep: () => Promise<void>;
  /** Removes it, unless it was kept. */
  readonly remove: () => Promise<void>;
}

/**
 * Downloads a file of a video next to its final path, so that no half file ever has that name.
 *
 * @param onPiece called with each piece of the file, in their order
 */
export async function downloadPart(
  cinematica: Cinematica,
  video: Video | string,
  kind: MediaKind,
  path: string,
  { signal, onPiece }: CallOptions & { readonly onPiece?: (piece: Uint8Array) => void } = {},
): Promise<PartFile> {
  const part = join(dirname(path), `.${crypto.randomUUID()}.part`);
  const remove = () => rm(part, { force: true });
  const file = await open(part, 'wx');
  try {
    const bytes = cinematica.stream(video, kind, { signal });
    let next = await bytes.next();
    for (; next.done !== true; next = await bytes.next()) {
      onPiece?.(next.value);
      await file.writeFile(next.value);
    }
    await file.close();
    return { media: next.value, keep: () => rename(part, path), remove };
  } catch (error) {
    await file.close();
    await remove();
    throw error;
  }
}

/** Downloads a file of a video to a path. */
export async function saveFile(
  cinematica: Cinematica,
  video: Video | string,
  kind: MediaKind,
  path: string,
  options?: CallOptions,
): Promise<Media> {
  const { media, keep } = await downloadPart(cinematica, video, kind, path, options);
  await keep();
  return media;
}
