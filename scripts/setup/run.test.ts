import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runQuietly } from './run.mjs';
import { SetupError } from './say.mjs';

/** A process that runs `script` by `run` and ends as it ended. */
function startOuter(script: string): ChildProcess & { stdout: NodeJS.ReadableStream } {
  const outer = `
    import { endAs, run } from ${JSON.stringify(join(import.meta.dirname, 'run.mjs'))};
    endAs(await run(process.execPath, ['-e', ${JSON.stringify(script)}], {}));
  `;
  return spawn(process.execPath, ['--input-type=module', '-e', outer], { stdio: ['ignore', 'pipe', 'inherit'] });
}

test('the status is passed on', async () => {
  expect(await once(startOuter('process.exit(7)'), 'close')).toEqual([7, null]);
});

test('the signal that killed the command is passed on', async () => {
  expect(await once(startOuter('process.kill(process.pid, "SIGTERM")'), 'close')).toEqual([null, 'SIGTERM']);
});

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  '%s reaches the command, which decides what it means',
  async (signal) => {
    const outer = startOuter(`
    process.on('${signal}', () => { console.log('tidied up'); process.exit(3); });
    setInterval(() => {}, 1000);
    console.log('ready');
  `);
    let output = '';
    outer.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (output === 'ready\n') outer.kill(signal);
    });
    expect(await once(outer, 'close')).toEqual([3, null]);
    expect(output).toBe('ready\ntidied up\n');
  },
);

test('runQuietly shows the output of a failed command, and the name of one that can’t be started', async () => {
  const failing = runQuietly(process.execPath, ['-e', 'console.log("out"); console.error("err"); process.exit(2)']);
  await expect(failing).rejects.toThrow(/(out\nerr|err\nout)\n“.*” ended with status 2\./s);
  await expect(failing).rejects.toBeInstanceOf(SetupError);
  await expect(runQuietly('no-such-program', [])).rejects.toThrow('“no-such-program” can’t be started');
});
