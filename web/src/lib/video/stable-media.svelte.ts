import type { Media } from '@cinematica/protocol/v1';

/** A file whose link does not change while it works. Its properties are reactive. */
export interface StableMedia {
  readonly media: Media | undefined;
  /** Whether `renew` has been called. */
  readonly renewed: boolean;
  /** Reports that the link no longer works: the next link is taken. */
  readonly renew: () => void;
}

/**
 * Keeps the first link to a file. The gateway sends new links every few minutes, and each would make the browser load again
 * what it already shows.
 *
 * @param newest the file with its newest link; undefined while there is none
 */
export function stableMedia(newest: () => Media | undefined): StableMedia {
  let kept: Media | undefined;
  let brokenUrl = $state<string>();
  const media = $derived.by(() => {
    const current = newest();
    if (!kept || !current || kept.url === brokenUrl) kept = current;
    return kept;
  });
  return {
    get media() {
      return media;
    },
    get renewed() {
      return brokenUrl !== undefined;
    },
    renew() {
      brokenUrl = kept?.url;
    },
  };
}
