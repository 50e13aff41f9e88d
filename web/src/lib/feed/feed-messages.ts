/** What passes between the tabs of a browser and the one context that holds their stream. */

/** The name of the channel, of the shared worker and of the lock. A new version of the app may change the messages. */
export const FEED_NAME = 'cinematica feed 1';

/** The state of the stream. */
export type FeedState = 'connecting' | 'live' | 'reconnecting';

/** From the hub to all tabs. */
export type FromHub =
  | { readonly kind: 'state'; readonly state: FeedState }
  /** A serialised `WatchVideosResponse`. */
  | { readonly kind: 'response'; readonly bytes: Uint8Array }
  /** Asks which tabs are still there. */
  | { readonly kind: 'who' };

/** From a tab to the hub. */
export type ToHub =
  /** A tab wants to know the current state of everything. */
  | { readonly kind: 'hello' }
  /** A tab still wants the stream. */
  | { readonly kind: 'here' }
  /** A tab does not want it any more. */
  | { readonly kind: 'bye' };

/** How often a tab tells that it is there. Browsers slow the timers of hidden tabs down to one a minute. Milliseconds. */
export const HERE_MS = 20_000;
/** Without a sign of a tab for this long, the stream ends. Milliseconds. */
export const GONE_MS = 150_000;
