import { glob, readdir, realpath, stat } from 'node:fs/promises';
import { extname, join, parse, relative, sep } from 'node:path';

/** A photo that was found. */
export interface FoundPhoto {
  /** As it was given, or below the folder that was given. */
  readonly path: string;
  /** The name for its video: the path below the folder that was given, or else the file name. It has no extension. */
  readonly name: string;
}

/** What a list of sources contains. */
export interface FoundPhotos {
  readonly photos: readonly FoundPhoto[];
  /** Sources without a photo, with the reason. */
  readonly missing: readonly { readonly path: string; readonly reason: string }[];
}

/** The files in a folder that are photos. A file that is named in full can have any name. */
const EXTENSIONS = new Set(['.jpg', '.jpeg', '.png', '.webp', '.avif', '.heic', '.heif', '.gif', '.tif', '.tiff']);

/**
 * Lists the photos in files, folders and patterns. Folders are searched with their subfolders, without hidden files and
 * without links to folders. A photo that is found twice is listed once.
 *
 * @param sources files, folders, and patterns such as `trip/*.jpg`
 * @param excluded a folder whose files are ignored: the one for the videos
 */
export async function findPhotos(sources: readonly string[], excluded: string): Promise<FoundPhotos> {
  const photos = new Map<string, FoundPhoto>();
  const missing: { path: string; reason: string }[] = [];
  for (const source of sources) {
    const { found, reason } = await search(source, excluded);
    for (const photo of found) {
      const key = await realpath(photo.path);
      if (!photos.has(key)) photos.set(key, photo);
    }
    if (found.length === 0) missing.push({ path: source, reason });
  }
  return { photos: [...photos.values()], missing };
}

async function search(source: string, excluded: string): Promise<{ found: FoundPhoto[]; reason: string }> {
  const entry = await stat(source).catch(() => null);
  if (entry?.isDirectory()) {
    return { found: await searchFolder(source, source, excluded), reason: 'there is no photo in this folder' };
  }
  if (entry) return { found: [named(source)], reason: '' };
  if (!/[*?[{]/.test(source)) return { found: [], reason: 'no such file' };
  const matches: string[] = [];
  for await (const path of glob(source)) matches.push(path);
  const found: FoundPhoto[] = [];
  for (const path of matches.sort(byName)) {
    const isFolder = (await stat(path).catch(() => null))?.isDirectory() === true;
    if (isFolder) found.push(...(await searchFolder(path, path, excluded)));
    else if (!isBelow(path, excluded)) found.push(named(path));
  }
  return { found, reason: 'no file matches this pattern' };
}

async function searchFolder(folder: string, root: string, excluded: string): Promise<FoundPhoto[]> {
  const found: FoundPhoto[] = [];
  const entries = (await readdir(folder, { withFileTypes: true })).sort((a, b) => byName(a.name, b.name));
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.name.startsWith('.')) continue;
    if (entry.isDirectory()) {
      if (!isBelow(join(path, 'x'), excluded)) found.push(...(await searchFolder(path, root, excluded)));
    } else if (EXTENSIONS.has(extname(entry.name).toLowerCase()) && (await isFile(path))) {
      const { dir, name } = parse(relative(root, path));
      found.push({ path, name: join(dir, name) });
    }
  }
  return found;
}

/** A link to a file is a file. */
const isFile = async (path: string): Promise<boolean> => (await stat(path).catch(() => null))?.isFile() === true;

const named = (path: string): FoundPhoto => ({ path, name: parse(path).name });

const isBelow = (path: string, folder: string): boolean => !relative(folder, path).split(sep).includes('..');

/** `photo-9` comes before `photo-10`. */
const byName = (a: string, b: string): number => a.localeCompare(b, 'en', { numeric: true });
