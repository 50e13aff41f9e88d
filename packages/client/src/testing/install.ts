import { execFile } from 'node:child_process';
import { copyFile, mkdir, realpath, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { buildClient } from '../../build.ts';

const run = promisify(execFile);
const home = join(import.meta.dirname, '..', '..');

/** What npm would install with the package. */
const DEPENDENCIES = ['@bufbuild/protobuf', '@connectrpc/connect', '@connectrpc/connect-web'];

/**
 * Builds and packs the package, and installs its archive in a folder as npm does, but with the libraries of this project.
 *
 * @returns the path of a program in the folder that uses the package, see `use-package.mjs`
 */
export async function installPackedClient(folder: string): Promise<string> {
  const built = join(folder, 'built');
  await buildClient(built);
  const { stdout } = await run('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: built });
  const installed = join(folder, 'node_modules', '@cinematica', 'client');
  await mkdir(installed, { recursive: true });
  await run('tar', ['-xzf', join(folder, stdout.trim()), '-C', installed, '--strip-components=1']);
  for (const name of DEPENDENCIES) {
    const link = join(folder, 'node_modules', name);
    await mkdir(dirname(link), { recursive: true });
    await symlink(await realpath(join(home, 'node_modules', name)), link);
  }
  const program = join(folder, 'use-package.mjs');
  await copyFile(join(import.meta.dirname, 'use-package.mjs'), program);
  return program;
}
