import { parseArgs } from 'node:util';
import { comparisonTable } from '../parity/compare.ts';
import type { Comparison } from '../parity/compare.ts';
import { runParity } from '../parity/run-parity.ts';
import { parseExecutionProvider } from '../runtime/execution-provider.ts';

const USAGE = `usage: npm run parity -- DIR...

Computes every part of the model and the whole pipeline from the inputs in each DIR, and compares the results with those of
diffusers. DIR must contain checkpoint/, golden.safetensors and params.json, as test/golden/tiny-xt does.`;

/** @returns the exit status: 0 if everything passed, 1 if something failed, 2 for invalid arguments */
async function main(): Promise<number> {
  let folders: string[];
  try {
    folders = parseArgs({ allowPositionals: true }).positionals;
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${USAGE}`);
    return 2;
  }
  if (!folders.length) {
    console.error(USAGE);
    return 2;
  }
  const provider = parseExecutionProvider(process.env.EXECUTION_PROVIDER);
  let failed = 0;
  for (const folder of folders) {
    const comparisons: Comparison[] = [];
    let problem = '';
    try {
      for await (const comparison of runParity(folder, { provider })) comparisons.push(comparison);
    } catch (error) {
      problem = (error as Error).message;
    }
    const passed = !problem && comparisons.every((comparison) => comparison.passed);
    if (!passed) failed++;
    console.log(`${folder}: ${passed ? 'equal to diffusers' : 'NOT equal to diffusers'}`);
    if (comparisons.length) console.log(comparisonTable(comparisons));
    if (problem) console.log(problem);
    console.log();
  }
  console.log(failed ? `${failed} of ${folders.length} failed` : `all ${folders.length} passed`);
  return failed ? 1 : 0;
}

process.exitCode = await main();
