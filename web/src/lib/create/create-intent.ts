import type { VariationKind } from './variation.ts';

/** What a link to the create screen asks for: a photo that another app shared, or a variation of a video. */
export type CreateIntent =
  | { readonly kind: 'shared' }
  | {
      readonly kind: Exclude<VariationKind, 'retry' | 'join'>;
      /** `videos/{uuid}` */
      readonly name: string;
    };

/** Reads the intent from the query of a link; undefined if it has none. */
export function parseCreateIntent(query: Pick<URLSearchParams, 'get'>): CreateIntent | undefined {
  if (query.get('photo') === 'shared') return { kind: 'shared' };
  const [source, continued] = [query.get('from'), query.get('continue')];
  if (continued !== null) return { kind: 'continue', name: `videos/${continued}` };
  if (source === null) return undefined;
  return { kind: query.get('motion') === 'more' ? 'motion' : 'seed', name: `videos/${source}` };
}
