import type { ComputeSlot } from '@cinematica/pipeline';
import { acquireSlot } from '@cinematica/pipeline/service';
import type { CallContext } from '@cinematica/protocol';
import { setTimeout as delay } from 'node:timers/promises';

/** The compute slot of a call, which it has only while ffmpeg has work. */
export interface BusySlot extends Disposable {
  /** Passes frames on. @throws RpcError RESOURCE_EXHAUSTED when the slot is not free before the call's deadline. */
  while(frames: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined>;
}

/** The slot is released when the next frame takes longer than this. Shorter gaps are of no use to others. Milliseconds. */
const MAX_GAP_MS = 200;

/**
 * A slow caller leaves ffmpeg idle, and others must not wait for that. The slot is released while the next frame has not
 * arrived, and acquired again for it. ffmpeg keeps its state and continues.
 */
export function createBusySlot(slot: ComputeSlot, context: Pick<CallContext, 'signal' | 'deadline'>): BusySlot {
  let release: (() => void) | null = null;
  let disposed = false;
  const releaseSlot = () => {
    release?.();
    release = null;
  };
  return {
    async *while(frames) {
      const source: AsyncIterator<Uint8Array, unknown> = frames[Symbol.asyncIterator]();
      for (;;) {
        const next = source.next();
        next.catch(() => undefined);
        const late = await Promise.race([next.then(() => false), delay(MAX_GAP_MS, true, { ref: false })]);
        if (late) releaseSlot();
        const item = await next;
        // Also after the last frame, because ffmpeg still has to encode the frames that it looks ahead to.
        release ??= await acquireSlot(slot, context);
        if (disposed) {
          releaseSlot();
          return;
        }
        if (item.done === true) return;
        yield item.value;
      }
    },
    [Symbol.dispose]() {
      disposed = true;
      releaseSlot();
    },
  };
}
