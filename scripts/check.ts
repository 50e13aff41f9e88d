/**
 * `npm run check`: style, lint, types, and whether generated code is current. Two checks run at a time, because each of
 * them uses about one core. All of them run even when one fails, so that one run shows everything that is wrong.
 */
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { createSemaphore } from '@cinematica/concurrency';
import { say } from './setup/say.mjs';

type Command = readonly [program: string, ...args: string[]];

/** SvelteKit's types, which the linter and the type checkers read. */
const PREPARE: Command = ['node', 'web/prepare.ts'];
/** TypeScript 7. The linter and the checker of Svelte are written for the compiler in TypeScript, version 6. */
const TSC = ['node', 'node_modules/typescript-7/bin/tsc', '--noEmit', '-p'] as const;
/** The slowest first, so that the last ones to run are short. */
const CHECKS: readonly Command[] = [
  ['svelte-check', '--workspace', 'web', '--tsconfig', './tsconfig.json', '--fail-on-warnings'],
  ['eslint', '--max-warnings', '0', 'web/**/*.svelte', 'web/**/*.svelte.ts'],
  ['oxlint', '--deny-warnings', '--report-unused-disable-directives-severity', 'error'],
  ['depcruise', '--config', 'import-rules.js', 'packages', 'services', 'scripts', 'test', 'bench', 'web', 'deploy'],
  [...TSC, '.'],
  [...TSC, 'test/e2e'],
  [...TSC, 'web/src/service-worker'],
  ['oxfmt', '--check'],
  ['buf', 'lint'],
  ['node', 'scripts/check-generated.ts'],
  ['node', 'scripts/check-breaking.ts'],
  ['node', 'scripts/check-python.ts'],
];

/** @returns whether the command succeeded. Its output is shown when it ends. */
async function succeeds([program, ...args]: Command): Promise<boolean> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', (cause) => {
      reject(new Error(`“${program}” can’t be started: ${cause.message}`, { cause }));
    });
    child.once('close', resolve);
  });
  say([program, ...args].join(' '));
  process.stderr.write(output);
  return code === 0;
}

const slots = createSemaphore(Math.min(2, availableParallelism()));
const failed = (await succeeds(PREPARE))
  ? await Promise.all(
      CHECKS.map(async (check) => {
        const release = await slots.acquire();
        try {
          return (await succeeds(check)) ? [] : [check];
        } finally {
          release();
        }
      }),
    )
  : [[PREPARE]];
for (const [program, ...args] of failed.flat()) say(`Failed: ${[program, ...args].join(' ')}`);
process.exitCode = failed.flat().length === 0 ? 0 : 1;
