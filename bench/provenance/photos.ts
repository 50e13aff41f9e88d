import { PHOTOS } from '../finish/photos.ts';
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
