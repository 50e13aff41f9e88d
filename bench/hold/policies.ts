import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
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
    // The task installs kustomize and kubeconform first.
    const bootstrap = join(ROOT, 'scripts', 'bootstrap.mjs');
    const tests = await succeeds('node', [bootstrap, 'test:integration', '--reporter=json', ...files]);
    const report = JSON.parse(tests.stdout.slice(tests.stdout.indexOf('{'))) as {
      readonly numPassedTests: number;
      readonly numFailedTests: number;
      readonly numPendingTests: number;
    };
    if (report.numPassedTests === 0) return [skipped('S15', 'kustomize cannot be installed')];
    // Fails when the lockfile does not fit, or a dependency that is not approved has a script.
    const frozen = await succeeds('pnpm', ['install', '--frozen-lockfile', '--offline', '--lockfile-only']);
    const failed = report.numFailedTests;
    const figure = `${failed} of ${report.numPassedTests + failed} checks (${report.numPendingTests} skipped); lockfile ${frozen.ok ? 'fits' : 'does not fit'}`;
    return [outcome('S15', failed === 0 && frozen.ok, figure)];
  },
};

async function succeeds(command: string, args: readonly string[]): Promise<{ ok: boolean; stdout: string }> {
  try {
    const { stdout } = await promisify(execFile)(command, args, { cwd: ROOT, maxBuffer: 2 ** 26 });
    return { ok: true, stdout };
  } catch (error) {
    const { stdout = '', code } = error as { stdout?: string; code?: unknown };
    if (code === 'ENOENT') throw new Error(`${command} is not installed`, { cause: error });
    return { ok: false, stdout };
  }
}
