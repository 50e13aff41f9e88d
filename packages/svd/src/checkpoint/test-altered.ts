import { cp, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readHeader } from '../safetensors/read-header.ts';

/** A copy of a checkpoint with other weights. Disposing it removes the folder. */
export interface AlteredCheckpoint extends AsyncDisposable {
  readonly folder: string;
}

/**
 * Copies a checkpoint with F16 weights and sets every element of some tensors to one number.
 * @param file path within the checkpoint
 * @param tensors the number by name
 */
export async function alterCheckpoint(
  checkpoint: string,
  file: string,
  tensors: Readonly<Record<string, number>>,
): Promise<AlteredCheckpoint> {
  const folder = await mkdtemp(join(tmpdir(), 'cinematica-altered-'));
  const remove = () => rm(folder, { recursive: true });
  try {
    await cp(checkpoint, folder, { recursive: true });
    const entries = await readHeader(join(folder, file));
    await using handle = await open(join(folder, file), 'r+');
    for (const [name, value] of Object.entries(tensors)) {
      const entry = entries.find((tensor) => tensor.name === name);
      if (entry?.dtype !== 'F16') throw new TypeError(`${file} has no F16 tensor ${name}`);
      const data = new Float16Array(entry.length / 2).fill(value);
      await handle.write(new Uint8Array(data.buffer), 0, entry.length, entry.offset);
    }
    return { folder, [Symbol.asyncDispose]: remove };
  } catch (error) {
    await remove();
    throw error;
  }
}
