import { checkOutboundUrl, pipelineSettings } from '@cinematica/pipeline';
import type { OutboundRules } from '@cinematica/pipeline';
import { ConfigError } from '@cinematica/pipeline/service';
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';

/** The API keys of other services. Only the digests of the keys are in memory. */
export interface ApiKeys {
  /** Returns the owner of a key, such as `key-ann`; null for an unknown key. */
  ownerOf(key: string): string | null;
  /** Returns the URL that is called when a video of this owner ends; null for an owner without a webhook. */
  webhookOf(owner: string): string | null;
  /** Whether any owner has a webhook. */
  readonly hasWebhooks: boolean;
}

/** Creates a key with 256 random bits. */
export const newApiKey = (): string => `cin_${randomBytes(32).toString('base64url')}`;

/** SHA-256 of a key. A slow password hash is not needed, because a key has 256 random bits. */
export const digestOfKey = (key: string): Buffer => createHash('sha256').update(key).digest();

/** The line of a key in API_KEYS_FILE. */
export const apiKeyLine = (name: string, key: string): string => `${name} ${digestOfKey(key).toString('hex')}`;

const LINE = /^\s*([A-Za-z0-9-]{1,40})\s+([0-9a-f]{64})(?:\s+webhook=(\S+))?\s*$/;

/**
 * Parses the content of API_KEYS_FILE.
 * @param text one line for each key: a name of 1 to 40 letters, digits and hyphens, the SHA-256 of the key in hex, and
 *   optionally the webhook of the name, as `webhook=https://…`. A name may have several keys, so that a key can be replaced
 *   without an interruption. Empty lines, and lines that start with #, are ignored.
 * @param rules which URLs webhooks may have.
 * @throws ConfigError that names the line.
 */
export function parseApiKeys(text: string, rules: OutboundRules = pipelineSettings()): ApiKeys {
  const webhooks = new Map<string, string>();
  const known = text.split('\n').flatMap((line, index) => {
    if (/^\s*(#.*)?$/.test(line)) return [];
    const [, name, digest, webhook] = LINE.exec(line) ?? [];
    if (name === undefined || digest === undefined) {
      throw new ConfigError(
        `API_KEYS_FILE: line ${index + 1} is not a name and a SHA-256 in hex, with or without webhook=URL`,
      );
    }
    const owner = `key-${name}`;
    if (webhook !== undefined) {
      const url = parseWebhook(webhook, index + 1, rules);
      if ((webhooks.get(owner) ?? url) !== url) {
        throw new ConfigError(`API_KEYS_FILE: line ${index + 1} gives ${name} a second webhook`);
      }
      webhooks.set(owner, url);
    }
    return [{ owner, digest: Buffer.from(digest, 'hex') }];
  });
  return {
    ownerOf(key) {
      const digest = digestOfKey(key);
      return known.find((one) => timingSafeEqual(one.digest, digest))?.owner ?? null;
    },
    webhookOf: (owner) => webhooks.get(owner) ?? null,
    hasWebhooks: webhooks.size > 0,
  };
}

function parseWebhook(text: string, line: number, rules: OutboundRules): string {
  try {
    return checkOutboundUrl(text, rules).href;
  } catch (cause) {
    throw new ConfigError(`API_KEYS_FILE: line ${line}: the webhook ${(cause as Error).message}`, { cause });
  }
}

/**
 * Reads API_KEYS_FILE.
 * @param file undefined for no keys.
 * @param rules which URLs webhooks may have.
 * @throws ConfigError when the file cannot be read or parsed.
 */
export async function readApiKeys(file: string | undefined, rules: OutboundRules): Promise<ApiKeys> {
  if (file === undefined) return parseApiKeys('');
  try {
    return parseApiKeys(await readFile(file, 'utf8'), rules);
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause;
    throw new ConfigError(`API_KEYS_FILE=${file}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
}
