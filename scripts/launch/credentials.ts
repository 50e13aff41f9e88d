import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LaunchError } from './launch-error.ts';

/**
 * Creates the certificate for content credentials at the first start: `certificates.pem`, `key.pem`, and `root.pem` for those
 * who check files. The name in it says nothing about this machine or its user, because it is in every file. An own certificate in
 * the folder stays. Only the files' owner can read them.
 *
 * @throws LaunchError when they can't be written
 */
export async function ensureCredentials(folder: string): Promise<void> {
  if (existsSync(folder)) return;
  const { createLocalAuthority } = await import('@cinematica/credentials');
  const { root, certificates, privateKey } = await createLocalAuthority(`Cinemática ${randomBytes(4).toString('hex')}`);
  // By renaming, because after an interrupted start a key without its certificate would be left.
  const partial = `${folder}.${process.pid}`;
  try {
    await mkdir(partial, { mode: 0o700 });
    const files = { 'root.pem': root, 'certificates.pem': certificates, 'key.pem': privateKey };
    for (const [name, text] of Object.entries(files)) await writeFile(join(partial, name), text, { mode: 0o600 });
    await rename(partial, folder);
  } catch (cause) {
    await rm(partial, { recursive: true, force: true });
    throw new LaunchError(`The certificate for content credentials can’t be written to ${folder}: ${String(cause)}`, {
      cause,
    });
  }
}
