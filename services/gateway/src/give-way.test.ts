import { execFile } from 'node:child_process';
import { getPriority } from 'node:os';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

test.runIf(process.platform === 'linux')('only the first thread of a process keeps its priority', async () => {
  const code = `
    import { readdirSync } from 'node:fs';
    import { getPriority } from 'node:os';
    import { lowerPriorityOfHelpers } from ${JSON.stringify(new URL('./give-way.ts', import.meta.url).href)};
    lowerPriorityOfHelpers();
    const others = readdirSync('/proc/self/task').map(Number).filter((thread) => thread !== process.pid);
    console.log(JSON.stringify([getPriority(), ...others.map((thread) => getPriority(thread))]));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', code]);
  const [first, ...others] = JSON.parse(stdout) as number[];
  const own = getPriority();
  expect(first).toBe(own);
  expect(others.length).toBeGreaterThan(0);
  for (const priority of others) expect(priority).toBe(Math.max(own, 5));
});
