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
  /** The private VAPID key for notifications: a scalar of the curve P-256. Missing in files of earlier versions. */
  vapidPrivateKey: secret.optional(),
});

export type Secrets = Required<z.output<typeof schema>>;

/**
 * Reads the secrets of this installation and creates missing ones. Only the file's owner can read it.
 *
 * @param users the NATS users that need a password
 * @throws LaunchError when the file has other contents or can't be written
 */
export async function ensureSecrets(file: string, users: readonly string[]): Promise<Secrets> {
  const found = await read(file);
  const secrets: Secrets = {
    nats: Object.fromEntries(users.map((user) => [user, found?.nats[user] ?? newSecret()])),
    stageToken: found?.stageToken ?? newSecret(),
    cookieSecret: found?.cookieSecret ?? newSecret(),
    mediaSecret: found?.mediaSecret ?? newSecret(),
    vapidPrivateKey: found?.vapidPrivateKey ?? newVapidKey(),
  };
  // By renaming, because half a file after an interrupted start would log all browsers out.
  const partial = `${file}.${process.pid}`;
  await writeFile(partial, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
  await chmod(partial, 0o600);
  await rename(partial, file);
  return secrets;
}

async function read(file: string): Promise<z.output<typeof schema> | null> {
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
