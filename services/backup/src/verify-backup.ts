import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { BackupError } from './backup-folder.ts';
import type { Manifest } from './backup-folder.ts';

/** Reads every file of a backup and compares its size and digest. @throws BackupError that names the damaged file. */
export async function verifyBackup(path: string, { streams }: Manifest): Promise<void> {
  for (const { file, bytes, sha256 } of streams) {
    const source = join(path, file);
    let found: number;
    try {
      found = (await stat(source)).size;
    } catch (cause) {
      throw new BackupError(`${source} is missing`, { cause });
    }
    if (found !== bytes) throw new BackupError(`${source} is damaged: it has ${found} bytes instead of ${bytes}`);
    const hash = createHash('sha256');
    await pipeline(createReadStream(source), hash);
    if (hash.digest('hex') !== sha256) throw new BackupError(`${source} is damaged: its SHA-256 is another one`);
  }
}
