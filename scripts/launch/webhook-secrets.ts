import { newWebhookSecret } from '@cinematica/outbound/webhook-secrets';
import { readFile, writeFile } from 'node:fs/promises';
import { LaunchError } from './launch-error.ts';

/**
 * Creates the file with the secret that signs the webhooks of this installation, unless it exists. Only its owner can read it.
 * The outbound service checks its content.
 *
 * @throws LaunchError when it can't be read or written
 */
export async function ensureWebhookSecrets(file: string): Promise<void> {
  try {
    await readFile(file);
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'ENOENT')) throw unusable(file, cause);
    const text = `# Secrets that sign webhooks: the name of an API key, or * for all others, and the secret.\n* ${newWebhookSecret()}\n`;
    await writeFile(file, text, { mode: 0o600, flag: 'wx' }).catch((error: unknown) => {
      throw unusable(file, error);
    });
  }
}

const unusable = (file: string, cause: unknown) =>
  new LaunchError(`The secrets of webhooks in ${file} can’t be used: ${String(cause)}`, { cause });
