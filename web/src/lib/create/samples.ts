import { m } from '#lib/i18n/index.ts';
import lakeAvif from './samples/lake-small.avif';
import lakeWebp from './samples/lake-small.webp';
import lake from './samples/lake.jpg';
import lighthouseAvif from './samples/lighthouse-small.avif';
import lighthouseWebp from './samples/lighthouse-small.webp';
import lighthouse from './samples/lighthouse.jpg';
import stillLifeAvif from './samples/still-life-small.avif';
import stillLifeWebp from './samples/still-life-small.webp';
import stillLife from './samples/still-life.jpg';

/** A picture in two formats; browsers without AVIF take the other one. */
export interface PictureFiles {
  readonly avif: string;
  readonly webp: string;
}

/** A sample photo, for users without a photo of their own. */
export interface Sample {
  /** Address of the photo. */
  readonly url: string;
  /** A square thumbnail. */
  readonly thumbnail: PictureFiles;
  readonly name: () => string;
}

export const samples: readonly Sample[] = [
  { url: lake, thumbnail: { avif: lakeAvif, webp: lakeWebp }, name: m.create_sample_lake },
  { url: lighthouse, thumbnail: { avif: lighthouseAvif, webp: lighthouseWebp }, name: m.create_sample_lighthouse },
  { url: stillLife, thumbnail: { avif: stillLifeAvif, webp: stillLifeWebp }, name: m.create_sample_still_life },
];
