/** `node scripts/check-python.ts`: runs ruff on the Python programs where ruff is installed. */
import { spawnSync } from 'node:child_process';
import { findProgram } from './setup/find-program.mjs';

if (findProgram('ruff') === null) {
  console.log('skipped: ruff is not installed');
} else {
  const { status } = spawnSync('ruff', ['check', '--quiet', 'models', 'test/golden', 'clients'], { stdio: 'inherit' });
  process.exitCode = status ?? 1;
}
