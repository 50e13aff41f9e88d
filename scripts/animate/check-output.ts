import { randomUUID } from 'node:crypto';
import { rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** The video can't be written to the given path. */
export class OutputError extends Error {
  override readonly name = 'OutputError';
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such folder',
  ENOTDIR: 'this is not a folder',
  EACCES: 'no permission to write there',
  EPERM: 'no permission to write there',
  EROFS: 'this is on a read-only file system',
};

/**
 * Checks that a file can be written by writing one, because permissions alone do not show it. This happens before the video
 * is made, which may take an hour.
 *
 * @throws OutputError
 */
export async function checkOutput(file: string, photo: string): Promise<void> {
  const [there, source] = await Promise.all([file, photo].map((path) => stat(path).catch(() => null)));
  if (there?.isDirectory()) throw new OutputError(`${file}: this is a folder, not a file for the video`);
  if (there && there.ino === source?.ino && there.dev === source.dev) {
    throw new OutputError(`${file}: the video would replace the photo`);
  }
  const folder = dirname(file);
  const probe = join(folder, `.${randomUUID()}.part`);
  try {
    await writeFile(probe, '', { flag: 'wx' });
    await rm(probe);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
    throw new OutputError(`${folder}: ${REASONS[code] ?? `can't be written to (${code})`}`, { cause });
  }
}
