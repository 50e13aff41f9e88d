import type { ExecutionProvider } from './execution-provider.ts';
import type { SessionSettings } from './session-settings.ts';
import type { TensorType } from './tensor.ts';

/** The child's file descriptor of the stream with the frames, in both directions. */
export const FRAMES_FD = 3;

/** The child's file descriptor of a pipe without data: it closes when the parent ends. */
export const PARENT_PIPE_FD = 0;

/**
 * An output whose name starts with this stays in the child, and is the input of the same name in later runs of any graph with the
 * same slot. It is gone when the graph that made it is unloaded, or the child ends.
 */
export const KEPT_PREFIX = 'kept_';

/** A tensor whose bytes are the frame's blob with the same index. */
export interface TensorHead {
  readonly name: string;
  readonly type: TensorType;
  readonly dims: readonly number[];
}

/** A request of the parent. Each gets one {@link Reply} before the next is sent. Closing the stream ends the child. */
export type Request =
  /** The first request. Blob: a graph with the input `x` of one float, to test the provider. */
  | { readonly kind: 'start'; readonly provider: ExecutionProvider; readonly session: SessionSettings }
  /** Loads a graph. Blob: the graph. */
  | { readonly kind: 'load'; readonly key: string; readonly folder: string | null }
  /** Runs a graph. Blobs: the feeds. */
  | { readonly kind: 'run'; readonly key: string; readonly slot: string; readonly feeds: readonly TensorHead[] }
  | { readonly kind: 'unload'; readonly key: string };

/** Time and memory of a request. */
export interface Usage {
  /** Time in the child, without the transport, in milliseconds. */
  readonly ms: number;
  /** Resident memory after the request, including mapped weights, in bytes. */
  readonly rss: number;
  /** Peak resident memory of this child, in bytes. */
  readonly peakRss: number;
  /** Resident memory after the request without mapped weights, in bytes; on other systems than Linux the same as `rss`. */
  readonly anonymousRss: number;
}

/** A reply of the child. Blobs: the outputs of `run`. */
export type Reply =
  | { readonly kind: 'done'; readonly outputs: readonly TensorHead[]; readonly usage: Usage }
  | { readonly kind: 'failed'; readonly reason: string; readonly usage: Usage };
