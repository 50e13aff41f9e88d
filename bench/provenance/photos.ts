import { stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { packagedFiles, PHOTOS } from '../finish/photos.ts';
import type { PackagedPhoto } from '../finish/photos.ts';

/** The mark was tuned with these. */
const TUNED_WITH = ['Garden.jpg', 'TwoWings.jpg', 'picosdeeuropa_by_Aitzol_Berasategi.jpg'];

const lomiri = (name: string, author: string, licence: string): PackagedPhoto => ({
  package: 'lomiri-wallpapers-16.04',
  path: `usr/share/backgrounds/${name}`,
  author,
  licence,
});

/** Photos that the mark was not tuned with: smooth ones and textured ones, skies and skin. */
export const JUDGED_PHOTOS: readonly PackagedPhoto[] = [
  lomiri('sunset_by_Aitzol_Berasategi.jpg', 'Aitzol Berasategi', 'CC-BY-4.0'),
  lomiri('umang_by_Abhishek_Mudgal.jpg', 'Abhishek Mudgal', 'CC-BY-4.0'),
  lomiri('Bridge_by_Sander_Klootwijk.jpg', 'Sander Klootwijk', 'CC-BY-SA-4.0'),
  lomiri('Wine_by_Jakkub_Mede.jpg', 'Jakub Mede', 'CC-BY-4.0'),
  ...PHOTOS.filter(({ path }) => !TUNED_WITH.some((name) => path.endsWith(name))),
];

/** Packages with photos, and a few paintings and renderings, in which marks are looked for that are not there. */
const SEARCHED_PACKAGES = [
  'mate-backgrounds',
  'lomiri-wallpapers-16.04',
  'lomiri-wallpapers-20.04',
  'plasma-workspace-wallpapers',
  'ukui-wallpapers',
  'gnome-backgrounds',
];
/** Smaller files are icons and screenshots of themes. Bytes. */
const MIN_BYTES = 150_000;

/** The pictures of packages, the largest of each folder: others there are the same in other sizes. */
export async function searchedPictures(cache: string): Promise<string[]> {
  const largest = new Map<string, { readonly file: string; readonly bytes: number }>();
  for (const name of SEARCHED_PACKAGES) {
    const files = await packagedFiles(name, cache).catch((error: unknown) => {
      console.log(`skipped: ${name}: ${error instanceof Error ? error.message : String(error)}`);
      return [];
    });
    for (const file of files.filter((each) => /\.(jpe?g|png|webp)$/.test(each))) {
      const { size: bytes } = await stat(file);
      const isOneOfSizes = /^\d+x\d+\./.test(basename(file));
      const key = isOneOfSizes ? dirname(file) : file;
      if (bytes >= MIN_BYTES && bytes > (largest.get(key)?.bytes ?? 0)) largest.set(key, { file, bytes });
    }
  }
  return [...largest.values()].map(({ file }) => file);
}
