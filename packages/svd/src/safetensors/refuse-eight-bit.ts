import { SafetensorsError } from './safetensors-error.ts';
import type { TensorEntry } from './read-header.ts';

/** Types that other programs compute with directly. They need factors that the file does not have in a common form. */
const EIGHT_BIT = 'F8_';

/**
 * Refuses tensors of 8-bit floats by name.
 * @param hint what to do beside taking the file in fp16
 * @throws SafetensorsError
 */
export function refuseEightBit(tensors: Iterable<TensorEntry>, hint = ''): void {
  const found = [...tensors].find(({ dtype }) => dtype.startsWith(EIGHT_BIT));
  if (!found) return;
  throw new SafetensorsError(
    found.file,
    `the weights are 8-bit floats (${found.dtype}, "${found.name}"), which are not supported: take the ` +
      `file in fp16 of the same model${hint}`,
  );
}
