import { createECDH, randomBytes } from 'node:crypto';
import { chmod, readFile, rename, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { LaunchError } from './launch-error.ts';

const secret = z.string().regex(/^[A-Za-z0-9_-]{32,}$/);

const schema = z.strictObject({
  /** The password of each NATS user. */
  nats: z.record(z.string(), secret),
  /** The token for calls of the stages. */
  stageToken: secret,
  /** Signs the cookie that identifies a browser. */
  cookieSecret: secret,
  /** Signs the links to media. */
  mediaSecret: secret,
  /** The token for calls of the outbound service. Earlier versions did not have it. */
  outboundToken: secret.optional(),
  /** The keys of the invisible mark: new videos are marked with the first, and looked for with all. Earlier versions had none. */
  markKeys: z.array(secret).min(1).optional(),
  /** The private VAPID key for notifications: a scalar of the curve P-256. Earlier versions had none. */
  vapidPrivateKey: secret.optional(),
});

/** The file's contents. */
type StoredSecrets = z.output<typeof schema>;

export type Secrets = { [Name in keyof StoredSecrets]-?: NonNullable<StoredSecrets[Name]> };

/**
 * Reads the secrets of this installation and creates missing ones. Only the file's owner can read it.
 *
 * @param users the NATS users that need a password
 * @throws LaunchError when the file has other contents or can't be written
 */
export async function ensureSecrets(file: string, users: readonly string[]): Promise<Secrets> {
  const found = await readSecrets(file);
  const secrets: Secrets = {
    nats: Object.fromEntries(users.map((user) => [user, found?.nats[user] ?? newSecret()])),
    stageToken: found?.stageToken ?? newSecret(),
    cookieSecret: found?.cookieSecret ?? newSecret(),
    mediaSecret: found?.mediaSecret ?? newSecret(),
    outboundToken: found?.outboundToken ?? newSecret(),
    markKeys: found?.markKeys ?? [newSecret()],
    vapidPrivateKey: found?.vapidPrivateKey ?? newVapidKey(),
  };
  // By renaming, because half a file after an interrupted start would log all browsers out.
  const partial = `${file}.${process.pid}`;
  await writeFile(partial, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
  await chmod(partial, 0o600);
  await rename(partial, file);
  return secrets;
}

/**
 * Reads the secrets of an installation; null when it has none yet.
 * @throws LaunchError when the file has other contents or can't be read
 */
export async function readSecrets(file: string): Promise<StoredSecrets | null> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return null;
    throw new LaunchError(`The secrets in ${file} can’t be read: ${String(cause)}`, { cause });
  }
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw new LaunchError(
      `${file} does not contain this system’s secrets: delete it, and new ones are created (browsers then lose their videos).`,
      { cause },
    );
  }
}

/** A private key of the curve P-256. */
function newVapidKey(): string {
  const pair = createECDH('prime256v1');
  pair.generateKeys();
  // A key that begins with zeros is shorter in Node than the 32 bytes that VAPID needs.
  return Buffer.concat([Buffer.alloc(32), pair.getPrivateKey()])
    .subarray(-32)
    .toString('base64url');
}

/** 256 bits. */
function newSecret(): string {
  return randomBytes(32).toString('base64url');
}
