import { m } from '#lib/i18n/index.ts';

/** A photo of the project's own, for who has none at hand. */
export interface Sample {
  readonly file: string;
  readonly small: string;
  readonly name: () => string;
}

const sample = (id: string, name: () => string): Sample => ({
  file: `/samples/${id}.jpg`,
  small: `/samples/${id}-small.jpg`,
  name,
});

export const samples: readonly Sample[] = [
  sample('lake', m.create_sample_lake),
  sample('lighthouse', m.create_sample_lighthouse),
  sample('still-life', m.create_sample_still_life),
];
