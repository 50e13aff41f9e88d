/** `npm run doctor`: what is on this machine, what is wrong, and what to do about it. */
import { dirname } from 'node:path';
import { ExecutionProviderSettingError, LoraSyntaxError } from '@cinematica/svd';
import packageJson from '../package.json' with { type: 'json' };
import { examine } from './doctor/examine.ts';
import { DoctorUsageError, parseDoctorOptions, USAGE } from './doctor/options.ts';
import { faultsOf, formatPage } from './doctor/page.ts';
import { LaunchError } from './launch/launch-error.ts';
import { callerFolder } from './setup/tasks.mjs';

const root = dirname(import.meta.dirname);
const { version } = packageJson;
try {
  const cwd = callerFolder(root, process.cwd(), process.env.INIT_CWD);
  const options = parseDoctorOptions(process.argv.slice(2), root, cwd);
  if (options === null) process.stdout.write(USAGE);
  else {
    const sections = await examine(root, options, process.env);
    const ok = faultsOf(sections).length === 0;
    const page = options.json
      ? `${JSON.stringify({ version, ok, sections }, null, 2)}\n`
      : formatPage(version, sections, process.stdout.isTTY);
    // A provider that hangs must not keep the command; its process ends with this one.
    process.stdout.write(page, () => process.exit(ok ? 0 : 1));
  }
} catch (error) {
  const expected = [DoctorUsageError, LaunchError, ExecutionProviderSettingError, LoraSyntaxError];
  if (!(error instanceof Error) || !expected.some((each) => error instanceof each)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}
