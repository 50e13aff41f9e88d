import { mkdir, open, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { elements, encodeHeader } from '@cinematica/svd/internal';
import { configFiles } from './configs.ts';
import { weightFiles } from './weight-files.ts';

/** Writes a checkpoint with the size of SVD-XT whose weights are zeros in sparse files, so that it takes less than a megabyte. */
export async function writeZeroCheckpoint(folder: string): Promise<void> {
  for (const [path, config] of Object.entries(configFiles)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), JSON.stringify(config));
  }
  for (const [path, tensors] of Object.entries(weightFiles)) {
    await using file = await open(join(folder, path), 'w');
    const header = encodeHeader(tensors);
    await file.write(header);
    await file.truncate(header.length + tensors.reduce((sum, { shape }) => sum + 2 * elements(shape), 0));
  }
}
