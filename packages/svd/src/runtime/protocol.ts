import type { ExecutionProvider } from './execution-provider.ts';
import type { SessionSettings } from './session-settings.ts';
import type { TensorType } from './tensor.ts';

/** The descriptor, in the child, of the stream that carries the frames both ways. */
export const FRAMES_FD = 3;

/** The descriptor, in the child, of a pipe on which nothing is ever said: it closes when the parent is gone. */
export const LIFELINE_FD = 0;

/** A tensor whose bytes are the blob at the same index. */
export interface TensorHead {
  readonly name: string;
  readonly type: TensorType;
  readonly dims: readonly number[];
}

/** Parent to child, one at a time; each gets one {@link Reply}. Closing the stream asks the child to end. */
export type Request =
  /** First of all. Blob: a small graph with an input x of one float, to try the provider with. */
  | { readonly kind: 'start'; readonly provider: ExecutionProvider; readonly session: SessionSettings }
  /** Blob: the graph. */
  | { readonly kind: 'load'; readonly key: string; readonly folder: string | null }
  /** Blobs: the feeds. */
  | { readonly kind: 'run'; readonly key: string; readonly feeds: readonly TensorHead[] }
  | { readonly kind: 'unload'; readonly key: string };

/** What the child needed for a request. */
export interface Usage {
  /** Milliseconds in the child, without the transport. */
  readonly ms: number;
  /** Resident bytes after it, mapped weights included. */
  readonly rss: number;
  /** The most bytes that were ever resident in this child. */
  readonly peakRss: number;
}

/** Child to parent. Blobs: the outputs; none but after `run`. */
export type Reply =
  | { readonly kind: 'done'; readonly outputs: readonly TensorHead[]; readonly usage: Usage }
  | { readonly kind: 'failed'; readonly reason: string; readonly usage: Usage };
