/**
 * `node scripts/check-breaking.ts`: fails where the .proto files break what the branch `main` has promised. Where there
 * is no such branch, as in a shallow clone, or it has none of them yet, there is nothing to break.
 */
import { execFileSync } from 'node:child_process';

const main = ['origin/main', 'main'].find((branch) => git('ls-tree', '--name-only', branch, 'proto/') !== '');
if (main === undefined) {
  console.log('No branch main with .proto files to compare with.');
} else {
  const against = `.git#ref=${git('rev-parse', main).trim()}`;
  try {
    execFileSync('buf', ['breaking', '--against', against], { stdio: 'inherit' });
  } catch {
    console.error(`The .proto files break what ${main} has: others may rely on it.`);
    process.exitCode = 1;
  }
}

/** What git prints; nothing where it fails. */
function git(...args: string[]): string {
  try {
    return execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return '';
  }
}
