import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { tooComplexError, tooSlowError } from './media-error.ts';

/** The memory of a thread, without that of pictures and files. Mebibytes. */
const MEMORY = { maxOldGenerationSizeMb: 192 };

/**
 * Starts a worker thread with a module and returns the first message that it posts. The thread keeps the event loop of the
 * gateway free for other calls.
 * @param input the `workerData` of the module.
 * @param limits how long it may take in milliseconds, and what else ends it.
 * @throws MediaError when it takes too long or too much memory; the signal's reason; Error when the thread fails.
 */
export async function runInThread<T>(
  module: URL,
  input: unknown,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<T> {
  const worker = new Worker(module, { workerData: input, resourceLimits: MEMORY });
  const deadline = AbortSignal.timeout(timeoutMs);
  try {
    const [result] = (await once(worker, 'message', { signal: AbortSignal.any([signal, deadline]) })) as [T];
    return result;
  } catch (cause) {
    signal.throwIfAborted();
    if ((cause as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY') throw tooComplexError(cause);
    if (!deadline.aborted) throw cause;
    throw tooSlowError(cause);
  } finally {
    await worker.terminate();
  }
}
