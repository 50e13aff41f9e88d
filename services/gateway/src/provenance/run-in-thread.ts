import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { tooSlowError } from './media-error.ts';
import { MEDIA_LIMITS } from './media-limits.ts';

/** The memory of a thread. Mebibytes. */
const MEMORY = { maxOldGenerationSizeMb: 512 };

/**
 * Starts a worker thread with a module and returns the first message that it posts. The thread keeps the event loop of the
 * gateway free for other calls.
 * @param input the `workerData` of the module.
 * @throws MediaError when it takes too long; the signal's reason; Error when the thread fails.
 */
export async function runInThread<T>(module: URL, input: unknown, signal: AbortSignal): Promise<T> {
  const worker = new Worker(module, { workerData: input, resourceLimits: MEMORY });
  const deadline = AbortSignal.timeout(MEDIA_LIMITS.findTimeoutMs);
  try {
    const [result] = (await once(worker, 'message', { signal: AbortSignal.any([signal, deadline]) })) as [T];
    return result;
  } catch (cause) {
    signal.throwIfAborted();
    if (!deadline.aborted) throw cause;
    throw tooSlowError(cause);
  } finally {
    await worker.terminate();
  }
}
