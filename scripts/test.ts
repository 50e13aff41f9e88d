/**
 * `npm test`: the checks of `npm run check`, and all tests. All of them run even when one fails.
 *
 * The browser tests share one system, so they run one after another and often wait for it. The checks use what they leave of the
 * processor, with the lowest priority.
 */
import { findBrowser } from './setup/browsers.mjs';
import { run } from './setup/run.mjs';
import { say } from './setup/say.mjs';
import { succeeds } from './succeeds.ts';

async function runTests(project: string): Promise<boolean> {
  const args = ['run', '--project', project];
  say(['vitest', ...args].join(' '));
  return (await run('vitest', args, {})).code === 0;
}

const results = await Promise.all([
  succeeds(['nice', '-n', '19', 'node', 'scripts/check.ts']),
  findBrowser() === null || runTests('e2e'),
]);
results.push(await runTests('!e2e'));
process.exitCode = results.every(Boolean) ? 0 : 1;
