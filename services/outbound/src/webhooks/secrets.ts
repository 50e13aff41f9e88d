import { ConfigError } from '@cinematica/pipeline/service';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';

/** The secrets that sign webhooks. */
export interface WebhookSecrets {
  /** The secrets for the videos of an owner, such as `key-ann`; empty when there is none. */
  of(owner: string): readonly Buffer[];
}

const PREFIX = 'whsec_';
/** The name of the secrets for all keys that have none of their own. */
const OTHERS = '*';
const LINE = /^\s*(\*|[A-Za-z0-9-]{1,40})\s+whsec_([A-Za-z0-9+/]{32,88}={0,2})\s*$/;
/** The sizes that Standard Webhooks allows. Bytes. */
const [MIN_BYTES, MAX_BYTES] = [24, 64];

/** Creates a secret with 256 random bits, in the form of Standard Webhooks. */
export const newWebhookSecret = (): string => `${PREFIX}${randomBytes(32).toString('base64')}`;

/**
 * Parses the content of WEBHOOK_SECRETS_FILE.
 * @param text one line for each secret: the name of an API key, or * for all others, and `whsec_` with 24 to 64 bytes in base64.
 *   While a secret is replaced, a name has two lines, and webhooks have a signature for each. Empty lines, and lines that
 *   start with #, are ignored.
 * @throws ConfigError that names the line.
 */
export function parseWebhookSecrets(text: string): WebhookSecrets {
  const secrets = new Map<string, Buffer[]>();
  for (const [index, line] of text.split('\n').entries()) {
    if (/^\s*(#.*)?$/.test(line)) continue;
    const [, name, base64] = LINE.exec(line) ?? [];
    const secret = Buffer.from(base64 ?? '', 'base64');
    if (name === undefined || secret.length < MIN_BYTES || secret.length > MAX_BYTES) {
      throw new ConfigError(
        `WEBHOOK_SECRETS_FILE: line ${index + 1} is not the name of a key or *, and whsec_ with ${MIN_BYTES} to ${MAX_BYTES} bytes in base64`,
      );
    }
    secrets.set(name, [...(secrets.get(name) ?? []), secret]);
  }
  return { of: (owner) => secrets.get(owner.replace(/^key-/, '')) ?? secrets.get(OTHERS) ?? [] };
}

/** Reads WEBHOOK_SECRETS_FILE. @throws ConfigError when the file cannot be read or parsed. */
export async function readWebhookSecrets(file: string): Promise<WebhookSecrets> {
  try {
    return parseWebhookSecrets(await readFile(file, 'utf8'));
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError(`WEBHOOK_SECRETS_FILE=${file}: ${reason}`, { cause });
  }
}
