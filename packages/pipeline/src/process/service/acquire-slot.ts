import { Code, refuse } from '@cinematica/protocol';
import type { CallContext } from '@cinematica/protocol';
import { ErrorReason } from '@cinematica/protocol/v1';
import type { ComputeSlot } from '../worker/compute-slot.ts';

/** An answer that leaves as the deadline passes comes too late: the caller has stopped listening. Milliseconds. */
const MARGIN_MS = 250;

/**
 * Waits for the process's compute slot on behalf of a call, for as long as its caller waits.
 * @returns what gives it back.
 * @throws RpcError RESOURCE_EXHAUSTED, reason SLOT_TAKEN, just before the deadline; the signal's reason.
 */
export async function acquireSlot(
  slot: ComputeSlot,
  { signal, deadline }: Pick<CallContext, 'signal' | 'deadline'>,
): Promise<() => void> {
  if (deadline === null) return slot.acquire(signal);
  const left = deadline.getTime() - Date.now();
  const patience = new AbortController();
  const timer = setTimeout(
    () => {
      patience.abort(
        refuse(
          Code.RESOURCE_EXHAUSTED,
          ErrorReason.SLOT_TAKEN,
          'This stage is computing something else, and did not get to this call before its deadline.',
        ),
      );
    },
    Math.max(0, left - Math.min(MARGIN_MS, left / 4)),
  );
  try {
    return await slot.acquire(AbortSignal.any([signal, patience.signal]));
  } finally {
    clearTimeout(timer);
  }
}
