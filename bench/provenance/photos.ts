import { stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { lomiri, packagedFiles, PHOTOS } from '../finish/photos.ts';
import type { PackagedPhoto } from '../finish/photos.ts';

/** The mark and its detector were tuned with these, and with umang and Bridge of lomiri-wallpapers-16.04. */
const TUNED_WITH = [
  'Garden.jpg',
  'TwoWings.jpg',
  ...['picosdeeuropa', 'life', 'friends'].map((name) => `${name}_by_Aitzol_Berasategi.jpg`),
];

const plasma = (name: string, author: string): PackagedPhoto => ({
  package: 'plasma-workspace-wallpapers',
  path: `usr/share/wallpapers/${name}/contents/images/2560x1600.jpg`,
  author,
  licence: 'LGPL-3.0-only',
});

/** Photos that the mark was not tuned with: smooth ones and textured ones, skies and skin. */
export const JUDGED_PHOTOS: readonly PackagedPhoto[] = [
  lomiri('16.04', 'sunset_by_Aitzol_Berasategi.jpg', 'Aitzol Berasategi', 'CC-BY-4.0'),
  lomiri('16.04', 'Wine_by_Jakkub_Mede.jpg', 'Jakub Mede', 'CC-BY-4.0'),
  lomiri('20.04', 'Fossa_by_Jasper_Roks.jpg', 'Jasper Roks', 'CC-BY-SA-3.0'),
  lomiri('20.04', 'Kleiber_by_Lukas_Baubkus.jpg', 'Lukas Baubkus', 'CC-BY-SA-3.0'),
  plasma('FallenLeaf', 'Martin Klapetek'),
  plasma('Autumn', 'RJ Quiralta'),
  plasma('ColorfulCups', 'Dmitri Popov'),
  plasma('BytheWater', 'Maciej Wiklo'),
  plasma('OneStandsOut', 'Risto Saukonpää'),
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
