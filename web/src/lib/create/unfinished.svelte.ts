import { isUnfinished } from '#lib/api/video-state.ts';
import { feed } from '#lib/feed/feed.ts';
import type { Feed } from '#lib/feed/feed.ts';

/** The user's videos that are queued or running. Its property is reactive. */
export interface Unfinished {
  /** Names of the videos, in the order in which they were first seen. */
  readonly names: readonly string[];
}

/** @param signal stops the updates */
export function followUnfinished(signal: AbortSignal, followFeed: () => Feed = feed): Unfinished {
  let names = $state.raw<readonly string[]>([]);
  const end = followFeed().subscribe({
    onResponse({ name, message }) {
      if (message.case !== 'video' && message.case !== 'removed') return;
      const isKept = message.case === 'video' && isUnfinished(message.value);
      if (isKept !== names.includes(name)) {
        names = isKept ? [...names, name] : names.filter((other) => other !== name);
      }
    },
  });
  signal.addEventListener('abort', end, { once: true });
  return {
    get names() {
      return names;
    },
  };
}
