import { realpath, stat } from 'node:fs/promises';
import { SafetensorsError } from './safetensors-error.ts';

/**
 * Resolves all links of a path; the Hugging Face cache consists of links.
 *
 * @returns the path of the regular file, and its size in bytes
 * @throws {@link SafetensorsError} when there is no regular file: a missing file, a broken link, a folder, a pipe
 */
export async function realFile(path: string): Promise<{ readonly path: string; readonly size: number }> {
  try {
    const real = await realpath(path);
    const found = await stat(real); // before opening it, because opening a pipe blocks
    if (!found.isFile()) throw new SafetensorsError(path, 'this is not a regular file');
    return { path: real, size: found.size };
  } catch (cause) {
    if (cause instanceof SafetensorsError) throw cause;
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    const missing = code === 'ENOENT' || code === 'ENOTDIR';
    throw new SafetensorsError(
      path,
      missing ? 'the file does not exist, or is a link to a missing file' : String(cause),
      {
        cause,
      },
    );
  }
}
