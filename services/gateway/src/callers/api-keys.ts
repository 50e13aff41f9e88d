import { checkOutboundUrl, pipelineSettings } from '@cinematica/pipeline';
import type { OutboundRules } from '@cinematica/pipeline';
import { ConfigError } from '@cinematica/pipeline/service';
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';

/** The API keys of other services. Only the digests of the keys are in memory. */
export interface ApiKeys {
  /** Returns the owner of a key, such as `key-ann`; null for a key that is unknown or has ended. */
  ownerOf(key: string): string | null;
  /** Returns the URL that is called when a video of this owner ends; null for an owner without a webhook. */
  webhookOf(owner: string): string | null;
  /** Whether any owner has a webhook. */
  readonly hasWebhooks: boolean;
  /** When each owner loses access, because its last key ends. Owners with a key that does not end are missing. */
  readonly expiries: ReadonlyMap<string, Date>;
}

/**
 * Creates a key with 256 random bits.
 * @param cell the installation that it belongs to, by which the router of several installations knows where to send a caller.
 */
export const newApiKey = (cell?: string): string =>
  `cin_${cell === undefined ? '' : `${cell}.`}${randomBytes(32).toString('base64url')}`;

/** SHA-256 of a key. A slow password hash is not needed, because a key has 256 random bits. */
export const digestOfKey = (key: string): Buffer => createHash('sha256').update(key).digest();

/** The line of a key in API_KEYS_FILE. */
export const apiKeyLine = (name: string, key: string): string => `${name} ${digestOfKey(key).toString('hex')}`;

const LINE = /^\s*([A-Za-z0-9-]{1,40})\s+([0-9a-f]{64})((?:\s+[a-z]+=\S+)*)\s*$/;

/** What may follow the digest of a key. */
interface Options {
  readonly webhook?: string;
  readonly expires?: string;
}

/** Null when an option is unknown or occurs twice. */
function parseOptions(text: string): Options | null {
  const pairs = [...text.matchAll(/([a-z]+)=(\S+)/g)].map(([, name = '', value = '']) => [name, value] as const);
  const names = new Set(pairs.map(([name]) => name));
  if (names.size < pairs.length || [...names].some((name) => name !== 'webhook' && name !== 'expires')) return null;
  return Object.fromEntries(pairs);
}

/**
 * Parses the content of API_KEYS_FILE.
 * @param text one line for each key: a name of 1 to 40 letters, digits and hyphens, the SHA-256 of the key in hex, and
 *   optionally the webhook of the name, as `webhook=https://…`, and when the key ends, as `expires=2027-01-31` (the start of
 *   that day in UTC) or a time such as `2027-01-31T12:00:00Z`. A name may have several keys, so that a key can be replaced
 *   without an interruption.
 *   Empty lines, and lines that start with #, are ignored.
 * @param rules which URLs webhooks may have.
 * @throws ConfigError that names the line.
 */
export function parseApiKeys(text: string, rules: OutboundRules = pipelineSettings()): ApiKeys {
  const webhooks = new Map<string, string>();
  const known = text.split('\n').flatMap((line, index) => {
    if (/^\s*(#.*)?$/.test(line)) return [];
    const [, name, digest, rest = ''] = LINE.exec(line) ?? [];
    const options = parseOptions(rest);
    if (name === undefined || digest === undefined || options === null) {
      throw new ConfigError(
        `API_KEYS_FILE: line ${index + 1} is not a name and a SHA-256 in hex, with or without webhook=URL and expires=DATE`,
      );
    }
    const { webhook, expires } = options;
    const owner = `key-${name}`;
    if (webhook !== undefined) {
      const url = parseWebhook(webhook, index + 1, rules);
      if ((webhooks.get(owner) ?? url) !== url) {
        throw new ConfigError(`API_KEYS_FILE: line ${index + 1} gives ${name} a second webhook`);
      }
      webhooks.set(owner, url);
    }
    return [{ owner, digest: Buffer.from(digest, 'hex'), end: parseEnd(expires, index + 1) }];
  });
  return {
    ownerOf(key) {
      const digest = digestOfKey(key);
      return known.find((one) => one.end > Date.now() && timingSafeEqual(one.digest, digest))?.owner ?? null;
    },
    expiries: new Map(
      [...Map.groupBy(known, ({ owner }) => owner)].flatMap(([owner, keys]): [string, Date][] => {
        const end = Math.max(...keys.map((key) => key.end));
        return end === Infinity ? [] : [[owner, new Date(end)]];
      }),
    ),
    webhookOf: (owner) => webhooks.get(owner) ?? null,
    hasWebhooks: webhooks.size > 0,
  };
}

/** When a key ends, milliseconds since 1970; NaN when the text is neither a date nor a time such as `2027-01-31T12:00:00Z`. */
export const endOfKey = (text: string): number =>
  /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2}))?$/.test(text) ? Date.parse(text) : Number.NaN;

/** When the key of a line ends; infinity for a key that does not. @throws ConfigError that names the line. */
function parseEnd(text: string | undefined, line: number): number {
  const end = text === undefined ? Infinity : endOfKey(text);
  if (Number.isNaN(end)) {
    throw new ConfigError(
      `API_KEYS_FILE: line ${line}: “expires=${text}” is not a date such as 2027-01-31, or a time such as 2027-01-31T12:00:00Z`,
    );
  }
  return end;
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
