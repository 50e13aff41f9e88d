import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { findToolchain } from '../../scripts/setup/toolchain.mjs';
import { outcome, skipped } from './support/row.ts';
import type { Family, Outcome } from './support/row.ts';

const ROOT = join(import.meta.dirname, '../..');

export const policies: Family = {
  rows: [
    {
      id: 'S15',
      what: 'violations of the policies for manifests, images and networks; dependencies that differ from the lockfile or run scripts',
      target: '0; 0',
    },
  ],
  async run(): Promise<Outcome[]> {
    const files = ['policy', 'network', 'images', 'secrets', 'environment'].map(
      (name) => `test/deploy/${name}.test.ts`,
    );
    const folder = await mkdtemp(join(tmpdir(), 'cinematica-policies-'));
    const output = join(folder, 'report.json');
    // The task installs kustomize first.
    const bootstrap = join(ROOT, 'scripts', 'bootstrap.mjs');
    await succeeds('node', [bootstrap, 'test:integration', '--reporter=json', `--outputFile=${output}`, ...files]);
    const report = JSON.parse(await readFile(output, 'utf8')) as {
      readonly numPassedTests: number;
      readonly numFailedTests: number;
      readonly numPendingTests: number;
    };
    await rm(folder, { recursive: true });
    if (report.numPassedTests === 0) return [skipped('S15', 'kustomize cannot be installed')];
    // Fails where the lockfile does not fit, or a dependency that is not approved has a script.
    const fits = await succeeds((await findToolchain(ROOT)).pnpm, [
      'install',
      '--frozen-lockfile',
      '--offline',
      '--lockfile-only',
    ]);
    const failed = report.numFailedTests;
    const figure = `${failed} of ${report.numPassedTests + failed} checks (${report.numPendingTests} skipped); lockfile ${fits ? 'fits' : 'does not fit'}`;
    return [outcome('S15', failed === 0 && fits, figure)];
  },
};

async function succeeds(command: string, args: readonly string[]): Promise<boolean> {
  try {
    await promisify(execFile)(command, args, { cwd: ROOT, maxBuffer: 2 ** 26 });
    return true;
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT')
      throw new Error(`${command} is not installed`, { cause: error });
    return false;
  }
}
