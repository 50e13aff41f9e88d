import type { Log, OutboundRules } from '@cinematica/pipeline';
import { stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { readApiKeys } from './api-keys.ts';
import type { ApiKeys } from './api-keys.ts';

/** How often the file is looked at. Kubernetes itself takes up to a minute to update a mounted secret. Milliseconds. */
const INTERVAL_MS = 2_000;

/** API keys that follow their file. */
export interface WatchedApiKeys extends ApiKeys, Disposable {}

/**
 * Reads API_KEYS_FILE, and reads it again when it changes, so that a key can be added or revoked without a restart. The file
 * is looked at by its path, because Kubernetes replaces a mounted secret through symbolic links, which `fs.watch` misses.
 * While the file cannot be read or parsed, the keys stay as they were, and the log says why.
 * @param file undefined for no keys.
 * @param rules which URLs webhooks may have.
 * @throws ConfigError when the file cannot be read or parsed at the start.
 */
export async function watchApiKeys(
  file: string | undefined,
  rules: OutboundRules,
  log: Pick<Log, 'info' | 'error'>,
  intervalMs = INTERVAL_MS,
): Promise<WatchedApiKeys> {
  // The version is read first: a change in between is then seen by the next look.
  let version = file === undefined ? '' : await versionOf(file);
  let keys = await readApiKeys(file, rules);
  const ended = new AbortController();

  async function look(path: string): Promise<void> {
    const now = await versionOf(path);
    if (now === version) return;
    version = now;
    try {
      keys = await readApiKeys(path, rules);
      log.info('the API keys were read again');
    } catch (error) {
      log.error('the API keys stay as they were', error);
    }
  }

  async function follow(path: string): Promise<void> {
    for (;;) {
      await delay(intervalMs, undefined, { signal: ended.signal, ref: false });
      await look(path);
    }
  }
  if (file !== undefined) follow(file).catch(() => undefined);

  return {
    ownerOf: (key) => keys.ownerOf(key),
    webhookOf: (owner) => keys.webhookOf(owner),
    get hasWebhooks() {
      return keys.hasWebhooks;
    },
    [Symbol.dispose]: () => ended.abort(),
  };
}

/** Identifies the content of a file; empty when there is no file. */
async function versionOf(file: string): Promise<string> {
  try {
    const { ino, size, mtimeMs } = await stat(file);
    return `${ino} ${size} ${mtimeMs}`;
  } catch {
    return '';
  }
}
