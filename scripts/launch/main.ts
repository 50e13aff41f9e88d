/**
 * `npm start`: the whole system on this machine, on one port.
 */
import { dirname } from 'node:path';
import { say } from '../setup/say.mjs';
import { callerFolder } from '../setup/tasks.mjs';
import { LaunchError } from './launch-error.ts';
import { parseOptions, USAGE } from './options.ts';
import { runLauncher } from './run-launcher.ts';
import { cinematica, withGpu } from './system.ts';

const root = dirname(dirname(import.meta.dirname));
try {
  const cwd = callerFolder(root, process.cwd(), process.env.INIT_CWD);
  const options = parseOptions(process.argv.slice(2), root, cwd);
  if (options === null) process.stdout.write(USAGE);
  else process.exitCode = await runLauncher(withGpu(cinematica(root), root, say), options, process.env);
} catch (error) {
  if (!(error instanceof LaunchError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
