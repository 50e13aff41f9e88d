import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { deployTools } from './deploy-tools.mjs';
import { natsServer, natsServerOrUrl } from './nats-server.mjs';
import { programPath, programs } from './programs.mjs';
import { prometheusToObserve } from './prometheus.mjs';
import { SetupError } from './say.mjs';
import { chromium, ffmpeg, swiftShader, webKit } from './system-packages.mjs';
import { webApp } from './web-app.mjs';

/** @typedef {[program: string, ...args: string[]]} Command */

/**
 * Installs something that a task needs and npm does not provide.
 *
 * @callback Need
 * @param {string} root
 * @param {NodeJS.ProcessEnv} [env] the task's environment so far
 * @param {readonly string[]} [args] the user's arguments
 * @returns {Promise<NodeJS.ProcessEnv>} variables for the task's environment
 */

/**
 * @typedef {object} Task
 * @property {Need[]} needs
 * @property {'root' | 'caller'} runsIn the working directory of its commands: the project's root, or the user's
 * @property {(args: string[], root: string, env?: NodeJS.ProcessEnv) => Command[]} commands for the user's arguments, in the
 *   task's environment; the first failure ends the task
 */

/** @type {Command} */
const check = ['node', 'scripts/check.ts'];

/** @type {Record<string, Task>} */
export const tasks = {
  start: script('scripts/launch/main.ts', [ffmpeg, natsServerOrUrl, programs, webApp, prometheusToObserve]),
  test: {
    needs: [ffmpeg, swiftShader, chromium, webKit, natsServer, deployTools, programs, webApp],
    runsIn: 'root',
    commands: (args) => [check, ['vitest', 'run', ...args]],
  },
  'test:unit': tests(['unit', 'web'], []),
  'test:integration': tests(['integration'], [ffmpeg, natsServer, deployTools, programs, webApp]),
  'test:browser': tests(['e2e'], [ffmpeg, chromium, webKit, natsServer, programs, webApp]),
  check: alone([check]),
  generate: alone([
    ['buf', 'generate'],
    ['node', 'scripts/generate-nats-accounts.ts'],
    ['node', 'scripts/generate-kernels.ts'],
  ]),
  format: alone([['oxfmt']]),
  animate: script('scripts/animate.ts', [ffmpeg, natsServerOrUrl, programs]),
  doctor: script('scripts/doctor.ts'),
  verify: script('scripts/verify.ts', [ffmpeg]),
  'api-key': script('services/gateway/src/callers/create-api-key.ts'),
  'webhook-secret': script('services/outbound/src/webhooks/create-webhook-secret.ts'),
  'build-client': script('packages/client/build.ts'),
  parity: script('packages/svd/src/cli/parity.ts'),
  weights: script('packages/svd/src/cli/weights.ts'),
  chaos: script('test/chaos/main.ts', [ffmpeg, natsServer, programs]),
  bench: { needs: [programs], runsIn: 'caller', commands: benchCommands },
};

/**
 * @param {string | undefined} name
 * @returns {Task}
 * @throws {SetupError} when there is no such task
 */
export function findTask(name) {
  const task = name !== undefined && Object.hasOwn(tasks, name) ? tasks[name] : undefined;
  if (task !== undefined) return task;
  throw new SetupError(
    `${name === undefined ? 'No task named' : `No task “${name}”`}: ${Object.keys(tasks).join(', ')}.`,
  );
}

/**
 * The folder that the user's relative paths start from. `npm run` changes to the project's folder and sets INIT_CWD to the
 * user's. Child processes inherit INIT_CWD even when npm did not start them.
 *
 * @param {string} root
 * @param {string} cwd
 * @param {string | undefined} initCwd
 */
export function callerFolder(root, cwd, initCwd) {
  return cwd === root && initCwd !== undefined ? initCwd : cwd;
}

/**
 * @param {string} file a TypeScript program, from the project's root
 * @param {Task['needs']} [needs]
 * @returns {Task}
 */
function script(file, needs = []) {
  return {
    needs,
    runsIn: 'caller',
    commands: (args, root, env = {}) => [['node', programPath(root, file, env), ...args]],
  };
}

/**
 * @param {readonly string[]} projects of vitest.config.ts
 * @param {Need[]} needs
 * @returns {Task}
 */
function tests(projects, needs) {
  const chosen = projects.flatMap((project) => ['--project', project]);
  return {
    needs,
    runsIn: 'root',
    commands: (args) => [
      ['node', 'web/prepare.ts'],
      ['vitest', 'run', ...chosen, ...args],
    ],
  };
}

/**
 * @param {Command[]} commands
 * @returns {Task}
 */
function alone(commands) {
  return {
    needs: [],
    runsIn: 'root',
    commands: (args) => {
      if (args.length > 0) throw new SetupError(`This task takes no arguments, not “${args.join(' ')}”.`);
      return commands;
    },
  };
}

/** @type {Task['commands']} */
function benchCommands([name, ...args], root) {
  const names = readdirSync(join(root, 'bench'))
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .map((file) => file.slice(0, -'.ts'.length));
  if (name !== undefined && names.includes(name)) return [['node', join(root, 'bench', `${name}.ts`), ...args]];
  const which = name === undefined ? 'Which bench' : `No bench “${name}”`;
  throw new SetupError(`${which}: use npm run bench -- NAME, where NAME is one of ${names.join(', ')}.`);
}
