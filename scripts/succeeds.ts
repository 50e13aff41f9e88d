import { spawn } from 'node:child_process';
import { say } from './setup/say.mjs';

export type Command = readonly [program: string, ...args: string[]];

/** @returns whether the command succeeded. Its output is shown when it ends, so that commands can run at the same time. */
export async function succeeds([program, ...args]: Command): Promise<boolean> {
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
