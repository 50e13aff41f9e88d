import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { PipelineSettings } from '../settings.ts';

/** Processes that are started again when they end, as a launcher does. */
export interface Fleet extends AsyncDisposable {
  readonly names: readonly string[];
  /** SIGKILL. */
  kill(name: string): void;
  /** SIGSTOP, and SIGCONT after so long. */
  pause(name: string, milliseconds: number): void;
  /** The log of all processes, a JSON object a line. */
  readonly lines: readonly string[];
}

export interface FleetOptions {
  readonly url: string;
  readonly settings: PipelineSettings;
  /** Of the stages' steps. */
  readonly stepMilliseconds: number;
  readonly stepsFile: string;
}

/** A worker for each name of a stage (`encode`, `encode#2`, …), and a caretaker for `caretaker`. */
export function startFleet(names: readonly string[], options: FleetOptions): Fleet {
  const children = new Map<string, ChildProcess>();
  const lines: string[] = [];
  let ending = false;

  const start = (name: string) => {
    const kind = name.split('#')[0] ?? '';
    const file = kind === 'caretaker' ? 'caretaker-process.ts' : 'worker-process.ts';
    const child = spawn(process.execPath, [join(import.meta.dirname, file)], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        NATS_URL: options.url,
        STAGE: kind,
        STEP_MS: String(options.stepMilliseconds),
        STEPS_FILE: options.stepsFile,
        SETTINGS: JSON.stringify(options.settings),
      },
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => lines.push(...text.split('\n').filter(Boolean)));
    }
    children.set(name, child);
    // While NATS is away it can't start: it is started again until it can.
    child.once('exit', () => {
      if (!ending) setTimeout(() => ending || start(name), 100);
    });
  };
  for (const name of names) start(name);

  return {
    names,
    lines,
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
