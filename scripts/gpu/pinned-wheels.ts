import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A wheel of {@link readPinnedWheels}. */
export interface PinnedWheel {
  readonly name: string;
  readonly version: string;
  /** The line for pip, with the hash. */
  readonly requirement: string;
  /** The size of the download in megabytes. */
  readonly megabytes: number;
}

/** The platform tags of the wheels, for pip. They do not depend on the Python that runs pip, because no Python loads them. */
export const WHEEL_TAGS = [
  ...['--python-version', '3.13', '--implementation', 'cp', '--abi', 'cp313'],
  ...['manylinux_2_28_x86_64', 'manylinux_2_27_x86_64', 'manylinux2014_x86_64'].flatMap((tag) => ['--platform', tag]),
];

/**
 * Reads the list of wheels with ONNX Runtime's CUDA provider and the libraries that it loads. The images are built from the
 * same list.
 *
 * @param root the project's folder
 */
export async function readPinnedWheels(root: string): Promise<PinnedWheel[]> {
  const file = join(root, 'deploy', 'docker', 'cuda.txt');
  const lines = (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return lines.map((line) => {
    const [, requirement, name, version, megabytes] = /^((\S+)==(\S+) --hash=\S+) # (\d+) MB$/.exec(line) ?? [];
    if (!requirement || !name || !version) throw new Error(`${file}: this line is not a pinned wheel: ${line}`);
    return { name, version, requirement, megabytes: Number(megabytes) };
  });
}
