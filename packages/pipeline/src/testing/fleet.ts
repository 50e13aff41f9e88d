import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { PipelineSettings } from '../domain/settings.ts';

/** Processes that are restarted when they end, as the launcher does. */
export interface Fleet extends AsyncDisposable {
  readonly names: readonly string[];
  /** The id of the process that runs now. */
  pid(name: string): number;
  /** Sends SIGKILL. */
  kill(name: string): void;
  /** Sends SIGSTOP, and SIGCONT after so many milliseconds. */
  pause(name: string, milliseconds: number): void;
  /** The log of all processes, one JSON object per line. */
  readonly lines: readonly string[];
}

export interface FleetOptions {
  readonly url: string;
  readonly settings: PipelineSettings;
  /** The duration of a step of the stages. */
  readonly stepMilliseconds: number;
  /** Receives a line for each computed step. */
  readonly stepsFile: string;
  /** Further environment variables of the workers, which `worker-process.ts` describes. */
  readonly environment?: Readonly<Record<string, string>>;
  /** The file that a process of each of {@link FLEET_PROGRAMS} runs. @default its source */
  readonly program?: (source: string) => string;
}

const PROGRAMS = {
  worker: 'packages/pipeline/src/testing/worker-process.ts',
  housekeeper: 'packages/pipeline/src/testing/housekeeper-process.ts',
} as const;

/** The programs of a fleet, from the project's root. */
export const FLEET_PROGRAMS: readonly string[] = Object.values(PROGRAMS);

const sourceOf = (program: string): string => join(import.meta.dirname, '../../../..', program);

/** The settings as environment variables have them. */
const asVariables = (settings: PipelineSettings): Record<string, string> =>
  Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, String(value)]));

/** Starts a worker for each name of a stage (`encode`, `encode#2`, …), and a housekeeper for `housekeeper`. */
export function startFleet(names: readonly string[], options: FleetOptions): Fleet {
  const { program = sourceOf } = options;
  const children = new Map<string, ChildProcess>();
  const lines: string[] = [];
  let ending = false;

  const start = (name: string) => {
    const kind = name.split('#')[0] ?? '';
    const source = kind === 'housekeeper' ? PROGRAMS.housekeeper : PROGRAMS.worker;
    const child = spawn(process.execPath, [program(source)], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        NATS_URL: options.url,
        STAGE: kind,
        STEP_MS: String(options.stepMilliseconds),
        STEPS_FILE: options.stepsFile,
        SETTINGS: JSON.stringify(asVariables(options.settings)),
        ...options.environment,
      },
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => lines.push(...text.split('\n').filter(Boolean)));
    }
    children.set(name, child);
    // A process cannot start while NATS is unreachable, so it is restarted until it can.
    child.once('exit', () => {
      if (!ending) setTimeout(() => ending || start(name), 100);
    });
  };
  for (const name of names) start(name);

  return {
    names,
    lines,
    pid: (name) => children.get(name)?.pid ?? 0,
    kill: (name) => void children.get(name)?.kill('SIGKILL'),
    pause(name, milliseconds) {
      const child = children.get(name);
      child?.kill('SIGSTOP');
      setTimeout(() => child?.kill('SIGCONT'), milliseconds);
    },
    async [Symbol.asyncDispose]() {
      ending = true;
      const alive = [...children.values()].filter(
        ({ exitCode, signalCode }) => exitCode === null && signalCode === null,
      );
      await Promise.all(
        alive.map(async (child) => {
          const gone = once(child, 'exit');
          child.kill('SIGKILL');
          await gone;
        }),
      );
    },
  };
}
