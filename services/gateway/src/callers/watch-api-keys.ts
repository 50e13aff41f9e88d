import type { Log, OutboundRules } from '@cinematica/pipeline';
import { followFile } from '@cinematica/pipeline/service';
import { parseApiKeys, readApiKeys } from './api-keys.ts';
import type { ApiKeys } from './api-keys.ts';

/** API keys that follow their file. */
export interface WatchedApiKeys extends ApiKeys, Disposable {}

/**
 * Reads API_KEYS_FILE, and reads it again when it changes, so that a key can be added or revoked without a restart. While the
 * file cannot be read or parsed, the keys stay as they were, and the log says why.
 * @param file undefined for no keys.
 * @param rules which URLs webhooks may have.
 * @throws ConfigError when the file cannot be read or parsed at the start.
 */
export async function watchApiKeys(
  file: string | undefined,
  rules: OutboundRules,
  log: Pick<Log, 'info' | 'error'>,
): Promise<WatchedApiKeys> {
  if (file === undefined) return { ...parseApiKeys(''), [Symbol.dispose]: () => undefined };
  const read = (path: string) => readApiKeys(path, rules);
  const keys = await followFile({ file, name: 'API keys', read, log });
  return {
    ownerOf: (key) => keys.current.ownerOf(key),
    webhookOf: (owner) => keys.current.webhookOf(owner),
    get hasWebhooks() {
      return keys.current.hasWebhooks;
    },
    get expiries() {
      return keys.current.expiries;
    },
    [Symbol.dispose]: () => keys[Symbol.dispose](),
  };
}
