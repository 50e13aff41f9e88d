import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { bundleName } from '../../scripts/setup/programs.mjs';

const ROOT = join(import.meta.dirname, '../..');

/** Programs that were bundled for a test. */
export interface Bundles extends AsyncDisposable {
  /** The file that a process of a program runs. @param source from the project's root */
  readonly path: (source: string) => string;
}

/**
 * Bundles programs for tests that start them often: a process of a bundle starts in a third of the CPU time of one that reads its
 * sources. It pays from three starts on.
 *
 * @param sources from the project's root
 */
export async function bundlePrograms(...sources: readonly string[]): Promise<Bundles> {
  const folder = await mkdtemp(join(tmpdir(), 'cinematica-bundles-'));
  // Node then takes the bundles for modules without looking into them.
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  const build = join(ROOT, 'scripts/build-programs.ts');
  await promisify(execFile)(process.execPath, [build, folder, ...sources]);
  return {
    path: (source) => join(folder, bundleName(source)),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
