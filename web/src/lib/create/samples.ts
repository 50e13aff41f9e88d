import { m } from '#lib/i18n/index.ts';

/** A sample photo, for users without a photo of their own. */
export interface Sample {
  /** Address of the photo. */
  readonly url: string;
  /** Address of its thumbnail. */
  readonly thumbnailUrl: string;
  readonly name: () => string;
}

const sample = (id: string, name: () => string): Sample => ({
  url: `/samples/${id}.jpg`,
  thumbnailUrl: `/samples/${id}-small.jpg`,
  name,
});

export const samples: readonly Sample[] = [
  sample('lake', m.create_sample_lake),
  sample('lighthouse', m.create_sample_lighthouse),
  sample('still-life', m.create_sample_still_life),
];
