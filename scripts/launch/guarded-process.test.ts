import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { startGuarded } from './guarded-process.ts';

const node = (script: string) => startGuarded(process.execPath, ['-e', script], process.env);

async function firstLine(stream: NodeJS.ReadableStream): Promise<string> {
  return String(((await once(stream, 'data')) as [Buffer])[0]).trim();
}

async function gone(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    if (existsSync('/proc') && readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ')) return;
    await delay(20);
  }
}

test('exit status, signals and output of the program are passed through', async () => {
  expect(await node('process.exit(7)').exited).toEqual({ code: 7, signal: null });

  const child = node(`
    process.on('SIGTERM', () => { console.log('asked'); process.exit(3); });
    setInterval(() => {}, 1000);
    console.log(process.pid);
  `);
  expect(await firstLine(child.output[0])).toBe(String(child.pid));
  child.stop();
  expect(await firstLine(child.output[0])).toBe('asked');
  expect(await child.exited).toEqual({ code: 3, signal: null });
});

test('standard input is empty', async () => {
  const child = node('process.stdin.on("end", () => process.exit(5)).resume()');
  expect(await child.exited).toEqual({ code: 5, signal: null });
});

test('the shell does not interpret arguments', async () => {
  const args = ['-e', 'console.log(JSON.stringify(process.argv.slice(1)))', '--', '$HOME', 'a b', "'", '*'];
  const child = startGuarded(process.execPath, args, process.env);
  expect(JSON.parse(await firstLine(child.output[0]))).toEqual(['$HOME', 'a b', "'", '*']);
});

const PARENT = `
  const child = require('node:child_process').spawn('sleep', ['1000'], { stdio: 'ignore' });
  process.on('SIGTERM', () => {});
  setInterval(() => {}, 1000);
  console.log(child.pid);
`;

test.each(['kill', 'exit'])('a child that the program leaves behind ends with it (%s)', async (how) => {
  const child = node(how === 'kill' ? PARENT : `${PARENT} process.exit()`);
  const grandchild = Number(await firstLine(child.output[0]));
  if (how === 'kill') child.kill();
  await child.exited;
  await gone(grandchild);
});

test('the program and its children end when the launcher is killed, even if they ignore SIGTERM', async () => {
  const starter = spawn(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      `
        import { startGuarded } from ${JSON.stringify(join(import.meta.dirname, 'guarded-process.ts'))};
        const child = startGuarded(process.execPath, ['-e', ${JSON.stringify(PARENT)}], process.env);
        child.output[0].on('data', (line) => console.log(child.pid, String(line)));
      `,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const pids = (await firstLine(starter.stdout)).split(/\s+/).map(Number);
  expect(pids).toHaveLength(2);
  starter.kill('SIGKILL');
  await Promise.all(pids.map(gone));
});
