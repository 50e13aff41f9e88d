import { refuseUntil } from '@cinematica/protocol';
import type { CallContext } from '@cinematica/protocol';
import { ErrorReason } from '@cinematica/protocol/v1';
import type { ComputeSlot } from '../worker/compute-slot.ts';

/** How long before the deadline the call is rejected, so that the response arrives in time. Milliseconds. */
const MARGIN_MS = 250;
/** How long a rejected caller waits before it retries. Milliseconds. */
const RETRY_MS = 5_000;

/**
 * Waits for the compute slot of the process on behalf of a call, until shortly before the call's deadline.
 * @returns a function that releases the slot.
 * @throws RpcError RESOURCE_EXHAUSTED with the reason SLOT_TAKEN shortly before the deadline; the signal's reason.
 */
export async function acquireSlot(
  slot: ComputeSlot,
  { signal, deadline }: Pick<CallContext, 'signal' | 'deadline'>,
): Promise<() => void> {
  if (deadline === null) return slot.acquire(signal);
  const left = deadline.getTime() - Date.now();
  const late = new AbortController();
  const timer = setTimeout(
    () => {
      late.abort(
        refuseUntil(
          ErrorReason.SLOT_TAKEN,
          'This stage is computing something else, and did not get to this call before its deadline.',
          RETRY_MS,
        ),
      );
    },
    Math.max(0, left - Math.min(MARGIN_MS, left / 4)),
  );
  try {
    return await slot.acquire(AbortSignal.any([signal, late.signal]));
  } finally {
    clearTimeout(timer);
  }
}
