import { access, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { runTool } from './clip.ts';

/** A photo that a Debian package carries. */
export interface PackagedPhoto {
  readonly package: string;
  /** Path of the file from the root. */
  readonly path: string;
  readonly author: string;
  /** SPDX identifier, as the package's copyright file names it. */
  readonly licence: string;
}

const mate = (path: string, author: string): PackagedPhoto => ({
  package: 'mate-backgrounds',
  path: `usr/share/backgrounds/mate/${path}`,
  author,
  licence: 'GPL-2.0-or-later',
});
/** A photo of the package of Lomiri's wallpapers for a release of Ubuntu Touch. */
export const lomiri = (release: '16.04' | '20.04', name: string, author: string, licence: string): PackagedPhoto => ({
  package: `lomiri-wallpapers-${release}`,
  path: `usr/share/backgrounds/${name}`,
  author,
  licence,
});

/** Photos of at least 2 megapixels: near and far things, fine and smooth ones, sharp and soft ones. */
export const PHOTOS: readonly PackagedPhoto[] = [
  mate('nature/Garden.jpg', 'Charles Barbin'),
  mate('nature/LadyBird.jpg', 'Charles Barbin'),
  mate('nature/TwoWings.jpg', 'Charles Barbin, Hylke Bons'),
  mate('nature/RainDrops.jpg', 'blackcombwhistler07'),
  mate('abstract/Elephants_3840x2160.jpg', 'Wyng Stancikaite'),
  lomiri('16.04', 'aitzgorri_by_Aitzol_Berasategi.jpg', 'Aitzol Berasategi', 'CC-BY-4.0'),
  lomiri('16.04', 'Dragonfly_by_Bolly.jpg', 'Bolly', 'CC-BY-SA-4.0'),
  lomiri('16.04', 'friends_by_Aitzol_Berasategi.jpg', 'Aitzol Berasategi', 'CC-BY-4.0'),
  lomiri('16.04', 'life_by_Aitzol_Berasategi.jpg', 'Aitzol Berasategi', 'CC-BY-4.0'),
  lomiri('16.04', 'picosdeeuropa_by_Aitzol_Berasategi.jpg', 'Aitzol Berasategi', 'CC-BY-4.0'),
];

/** A photo that could be had, or the reason why not. */
export type FoundPhoto = { readonly photo: PackagedPhoto } & ({ readonly file: string } | { readonly missing: string });

/**
 * Finds photos among the installed packages; the other ones are downloaded with apt-get and unpacked, not installed.
 * @param cache the folder for unpacked packages.
 */
export async function findPhotos(photos: readonly PackagedPhoto[], cache: string): Promise<FoundPhoto[]> {
  const found: FoundPhoto[] = [];
  const failures = new Map<string, string>();
  for (const photo of photos) {
    const installed = join('/', photo.path);
    const unpacked = join(cache, photo.package, photo.path);
    if (await isThere(installed)) {
      found.push({ photo, file: installed });
      continue;
    }
    if (!(await isThere(unpacked)) && !failures.has(photo.package)) {
      await unpack(photo.package, cache).catch((error: unknown) => {
        failures.set(photo.package, error instanceof Error ? error.message : String(error));
      });
    }
    const reason = failures.get(photo.package) ?? 'the package does not carry it';
    found.push((await isThere(unpacked)) ? { photo, file: unpacked } : { photo, missing: reason });
  }
  return found;
}

async function unpack(name: string, cache: string): Promise<void> {
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(join(cache, 'download-'));
  try {
    await runTool('apt-get', ['download', '-o', 'APT::Sandbox::User=', name], { cwd: folder });
    const archive = (await readdir(folder)).find((file) => file.endsWith('.deb'));
    if (archive === undefined) throw new Error(`apt-get downloaded no package ${name}`);
    await runTool('dpkg-deb', ['-x', join(folder, archive), join(folder, 'files')]);
    await rm(join(cache, name), { recursive: true, force: true });
    await rename(join(folder, 'files'), join(cache, name));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Downloads a package with apt-get and unpacks it; it is not installed.
 * @returns the files in it.
 * @throws Error when it can't be downloaded.
 */
export async function packagedFiles(name: string, cache: string): Promise<string[]> {
  const folder = join(cache, name);
  if (!(await isThere(folder))) await unpack(name, cache);
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
}

const isThere = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  );
