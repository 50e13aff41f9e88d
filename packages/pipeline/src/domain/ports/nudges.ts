/** Tells the worker of a video to read its record now, because it was cancelled or deleted. */
export interface Nudges {
  /** Best effort: a worker that misses it sees the change when it renews its lease. */
  nudge(videoId: string): void;
  /** @returns a function that ends the subscription. */
  subscribe(listener: (videoId: string) => void): () => void;
}
