/**
 * `node scripts/check-breaking.ts`: fails where the .proto files break the API of the last release, which is the newest
 * tag `v*` of this branch. It is skipped where there is no such tag, as in a shallow clone.
 */
import { execFileSync } from 'node:child_process';

const tags = git('tag', '--list', 'v*', '--merged', 'HEAD', '--sort=-version:refname').split('\n');
const release = tags[0] ?? '';
if (release === '') {
  console.log('skipped: buf breaking needs the tag of a release (v*), and this clone has none (git fetch --tags)');
} else if (git('ls-tree', '--name-only', release, 'proto/') === '') {
  console.log(`skipped: buf breaking has nothing to compare with, because ${release} has no .proto files`);
} else {
  // In a worktree `.git` is a file. The common folder is the repository itself.
  const repository = git('rev-parse', '--git-common-dir').trim();
  try {
    execFileSync('buf', ['breaking', '--against', `${repository}#tag=${release}`], { stdio: 'inherit' });
  } catch {
    console.error(`The .proto files break the API of ${release}.`);
    process.exitCode = 1;
  }
}

/** What git prints. Empty where git fails, as outside of a repository. */
function git(...args: string[]): string {
  try {
    return execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return '';
  }
}
