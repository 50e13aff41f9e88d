/**
 * `node scripts/bootstrap.mjs TASK [ARGUMENT...]`: sets up what the task needs, then runs it.
 *
 * Plain JavaScript without dependencies, because it starts on machines with only Node 18 or newer and npm. It takes a few
 * milliseconds when everything is installed. It prints to stderr, because stdout belongs to the task.
 */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installDependencies } from './setup/dependencies.mjs';
import { endAs, run } from './setup/run.mjs';
import { say, SetupError } from './setup/say.mjs';
import { callerFolder, findTask } from './setup/tasks.mjs';
import { findToolchain } from './setup/toolchain.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

try {
  const [name, ...args] = process.argv.slice(2);
  const task = findTask(name);
  // Says what is wrong with the arguments before anything is installed.
  task.commands(args, root);
  const toolchain = await findToolchain(root);
  const path = [dirname(toolchain.node), join(root, 'node_modules', '.bin'), process.env.PATH].join(':');
  // Each of the system's processes starts in about half the time with the compiled code of an earlier start.
  const NODE_COMPILE_CACHE = process.env.NODE_COMPILE_CACHE ?? join(root, '.cache', 'compiled');
  const env = { ...process.env, PATH: path, NODE_COMPILE_CACHE };
  await installDependencies(root, toolchain.pnpm, env);
  for (const need of task.needs) Object.assign(env, await need(root, env, args));
  const commands = task.commands(args, root, env);

  const cwd = task.runsIn === 'root' ? root : callerFolder(root, process.cwd(), process.env.INIT_CWD);
  for (const [command, ...rest] of commands) {
    if (task.runsIn === 'root') say([command, ...rest].join(' '));
    const exit = await run(command, rest, { cwd, env });
    if (exit.code !== 0) {
      endAs(exit);
      break;
    }
  }
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
