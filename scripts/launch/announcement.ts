import { readFile, rm, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { readApiKey } from './api-key.ts';
import { addressPath, apiKeyPath, isInUse } from './data-folder.ts';

/** How often it is looked whether a system has become ready. Milliseconds. */
const LOOK_MS = 250;
/** How long a gateway may take to say that it is there. Milliseconds. */
const ANSWER_MS = 2_000;

/** A system that runs on this machine, for whoever may read its data folder. */
export interface LocalSystem {
  readonly url: string;
  /** What the gateway knows this machine's own programs by. */
  readonly key: string;
}

/** Lets other programs find the system that runs in a data folder. @returns what ends that */
export async function announce(root: string, url: string): Promise<AsyncDisposable> {
  const file = addressPath(root);
  await writeFile(file, `${url}\n`, { mode: 0o600 });
  return { [Symbol.asyncDispose]: () => rm(file, { force: true }) };
}

/**
 * Finds the system that runs in a data folder. One that is not ready, or is not for others, is waited for: until it is
 * there, or gone.
 *
 * @param onWait told once, if it has to wait
 * @returns null where none runs
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
    await delay(LOOK_MS, undefined, { signal });
  }
}

async function isReady(url: string, signal: AbortSignal): Promise<boolean> {
  try {
    const within = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]);
    const response = await fetch(new URL('/readyz', url), { signal: within });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}
