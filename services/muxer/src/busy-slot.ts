import type { ComputeSlot } from '@cinematica/pipeline';
import { acquireSlot } from '@cinematica/pipeline/service';
import type { CallContext } from '@cinematica/protocol';
import { setTimeout as delay } from 'node:timers/promises';

/** The compute slot, held for a call only while there is work for ffmpeg. */
export interface BusySlot extends Disposable {
  /** Passes frames on. @throws RpcError RESOURCE_EXHAUSTED where the slot is not had before the call's deadline. */
  while(frames: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined>;
}

/** A next frame that takes longer is not on its way: between two that are, nobody else could do anything. Milliseconds. */
const PATIENCE_MS = 200;

/**
 * A caller that sends slowly leaves ffmpeg idle, and others must not wait for that. So the slot is given back while the
 * next frame is not there, and taken again for it; ffmpeg keeps what it has, and goes on where it was.
 */
export function createBusySlot(slot: ComputeSlot, context: Pick<CallContext, 'signal' | 'deadline'>): BusySlot {
  let release: (() => void) | null = null;
  const giveBack = () => {
    release?.();
    release = null;
  };
  return {
    async *while(frames) {
      const source: AsyncIterator<Uint8Array, unknown> = frames[Symbol.asyncIterator]();
      for (;;) {
        const next = source.next();
        next.catch(() => undefined);
        const late = await Promise.race([next.then(() => false), delay(PATIENCE_MS, true, { ref: false })]);
        if (late) giveBack();
        const item = await next;
        // Also after the last one: ffmpeg has what it looks ahead to still to do.
        release ??= await acquireSlot(slot, context);
        if (item.done === true) return;
        yield item.value;
      }
    },
    [Symbol.dispose]: giveBack,
  };
}
