import type { Media } from '@cinematica/protocol/v1';

/** A file as it is shown. */
export interface KeptLink {
  readonly media: Media | undefined;
  /** The link no longer works: the next one that comes is taken. */
  readonly renew: () => void;
  /** Whether that has been done. */
  readonly renewed: boolean;
}

/**
 * Holds on to the first link to a file: a fresh one, which comes every few minutes, would load again what is on the screen.
 *
 * @param current the file, with its newest link; undefined while there is none.
 */
export function keepLink(current: () => Media | undefined): KeptLink {
  let kept: Media | undefined;
  let broken = $state<string>();
  const media = $derived.by(() => {
    const newest = current();
    if (!kept || !newest || kept.url === broken) kept = newest;
    return kept;
  });
  return {
    get media() {
      return media;
    },
    get renewed() {
      return broken !== undefined;
    },
    renew() {
      broken = kept?.url;
    },
  };
}
