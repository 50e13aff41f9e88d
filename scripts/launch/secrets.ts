import { randomBytes } from 'node:crypto';
import { chmod, readFile, rename, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { LaunchError } from './launch-error.ts';

const secret = z.string().regex(/^[A-Za-z0-9_-]{32,}$/);

const schema = z.strictObject({
  /** The password of each NATS user. */
  nats: z.record(z.string(), secret),
  /** What the stages' RPCs ask for. */
  stageToken: secret,
  /** Signs the cookie that tells browsers apart. */
  cookieSecret: secret,
  /** Signs the links to media. */
  mediaSecret: secret,
});

export type Secrets = z.output<typeof schema>;

/**
 * Reads the secrets of this installation, making those that are not there yet: at the first start all of them. The file
 * is for its owner's eyes only.
 *
 * @param users the NATS users that need a password
 * @throws LaunchError where the file is there but not ours, or can't be written
 */
export async function ensureSecrets(file: string, users: readonly string[]): Promise<Secrets> {
  const found = await read(file);
  const secrets: Secrets = {
    nats: Object.fromEntries(users.map((user) => [user, found?.nats[user] ?? newSecret()])),
    stageToken: found?.stageToken ?? newSecret(),
    cookieSecret: found?.cookieSecret ?? newSecret(),
    mediaSecret: found?.mediaSecret ?? newSecret(),
  };
  // By renaming: a start that is stopped here must not leave half a file, which would log everybody out.
  const partial = `${file}.${process.pid}`;
  await writeFile(partial, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
  await chmod(partial, 0o600);
  await rename(partial, file);
  return secrets;
}

async function read(file: string): Promise<Secrets | null> {
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
      `${file} does not hold this system’s secrets: delete it, and new ones are made (browsers then lose their videos).`,
      { cause },
    );
  }
}

/** 256 bits. */
function newSecret(): string {
  return randomBytes(32).toString('base64url');
}
