import { SvelteSet } from 'svelte/reactivity';

/** Lets only some of the videos in view play, because each needs a decoder, and browsers have few. */
export interface PreviewSlots {
  /** Whether a video may play: it is among the first that came into view. Reactive. */
  has(name: string): boolean;
  /** A video came into view. */
  enter(name: string): void;
  /** A video left the view: the next one may play. */
  leave(name: string): void;
}

/** @param count how many videos play at the same time */
export function createPreviewSlots(count = 6): PreviewSlots {
  const inView = new SvelteSet<string>();
  return {
    has: (name) => [...inView].slice(0, count).includes(name),
    enter: (name) => void inView.add(name),
    leave: (name) => void inView.delete(name),
  };
}
