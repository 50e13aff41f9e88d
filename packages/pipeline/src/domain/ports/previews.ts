import type { Preview } from '../messages.ts';

/** Publishes previews. */
export interface PreviewPublisher {
  /** Best effort. Only the newest preview of a video is kept. */
  publish(videoId: string, preview: Preview): void;
}

/** Reads the previews of running videos. */
export interface Previews {
  /** @returns the newest preview of a video, or null. @throws UnavailableError */
  last(videoId: string): Promise<Preview | null>;
  /** @returns a function that ends the subscription. */
  subscribe(videoId: string, listener: (preview: Preview) => void): () => void;
  close(): void;
}
