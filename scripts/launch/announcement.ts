import { readFile, rm, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { readApiKey } from './api-key.ts';
import { addressPath, apiKeyPath, isInUse } from './data-folder.ts';

/** Interval of checks whether a system has become ready. Milliseconds. */
const POLL_MS = 250;
/** Timeout of a gateway's readiness check. Milliseconds. */
const READY_TIMEOUT_MS = 2_000;

/** A system that runs on this machine, as found in its data folder. */
export interface LocalSystem {
  readonly url: string;
  /** The API key of this machine's own programs. */
  readonly key: string;
}

/** Writes the system's URL to its data folder, where other programs find it. Disposing removes it. */
export async function announce(root: string, url: string): Promise<AsyncDisposable> {
  const file = addressPath(root);
  await writeFile(file, `${url}\n`, { mode: 0o600 });
  return { [Symbol.asyncDispose]: () => rm(file, { force: true }) };
}

/**
 * Finds the system that runs in a data folder. Waits until it is ready or has ended.
 *
 * @param onWait called once when the system is not ready yet
 * @returns null where no system runs
 */
export async function findSystem(root: string, onWait: () => void, signal: AbortSignal): Promise<LocalSystem | null> {
  for (let tries = 0; ; tries++) {
    signal.throwIfAborted();
    if (!(await isInUse(root))) return null;
    const url = await readFile(addressPath(root), 'utf8').then(
      (text) => text.trim(),
      () => null,
    );
    const key = await readApiKey(apiKeyPath(root));
    if (url !== null && key !== null && (await isReady(url, signal))) return { url, key };
    if (tries === 0) onWait();
    await delay(POLL_MS, undefined, { signal });
  }
}

async function isReady(url: string, signal: AbortSignal): Promise<boolean> {
  try {
    const within = AbortSignal.any([signal, AbortSignal.timeout(READY_TIMEOUT_MS)]);
    const response = await fetch(new URL('/readyz', url), { signal: within });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}
