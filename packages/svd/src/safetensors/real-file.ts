import { realpath, stat } from 'node:fs/promises';
import { SafetensorsError } from './safetensors-error.ts';

/**
 * The regular file behind `path`, all links followed (the Hugging Face cache is made of links), and its size in bytes.
 *
 * @throws {@link SafetensorsError} where there is none: nothing there, a link to nothing, a folder, a pipe.
 */
export async function realFile(path: string): Promise<{ readonly path: string; readonly size: number }> {
  try {
    const real = await realpath(path);
    const found = await stat(real); // before any open: opening a pipe would wait for its other end
    if (!found.isFile()) throw new SafetensorsError(path, 'not a regular file');
    return { path: real, size: found.size };
  } catch (cause) {
    if (cause instanceof SafetensorsError) throw cause;
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    const missing = code === 'ENOENT' || code === 'ENOTDIR';
    throw new SafetensorsError(path, missing ? 'missing, or a link to a file that is missing' : String(cause), {
      cause,
    });
  }
}
