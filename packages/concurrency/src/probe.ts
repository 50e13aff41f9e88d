import { setTimeout as delay } from 'node:timers/promises';
import { abortable } from './abortable.ts';

/** A check that is repeated, and whose failures are counted. */
export interface Probe {
  /** The number of consecutive checks that failed. 2 until the first check succeeds. */
  readonly failures: number;
  /** Whether fewer than two consecutive checks failed. */
  readonly healthy: boolean;
  /** Resolves after the first check that succeeds. @throws the signal's reason. */
  ready(signal?: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

export interface ProbeOptions {
  /** Makes one check. What it throws is a failure. Closing the probe aborts the signal, and waits for the check. */
  readonly check: (signal: AbortSignal) => Promise<void>;
  /** The pause between two checks. Milliseconds. */
  readonly intervalMs: number;
  /** Called with the number of consecutive failures whenever it changes, and the error of the last one. */
  readonly onChange: (failures: number, error: unknown) => void;
}

export function startProbe({ check, intervalMs, onChange }: ProbeOptions): Probe {
  const ended = new AbortController();
  const { signal } = ended;
  const isEnded = (): boolean => signal.aborted;
  // Not healthy until the first check succeeds.
  let failures = 2;
  let waiting: (() => void)[] = [];

  async function loop(): Promise<void> {
    while (!isEnded()) {
      const before = failures;
      let reason: unknown;
      try {
        await check(signal);
        failures = 0;
        for (const resolve of waiting) resolve();
        waiting = [];
      } catch (error) {
        failures++;
        reason = error;
      }
      if (failures !== before && !isEnded()) onChange(failures, reason);
      await delay(intervalMs, undefined, { signal }).catch(() => undefined);
    }
  }
  const looping = loop();

  return {
    get failures() {
      return failures;
    },
    get healthy() {
      return failures < 2;
    },
    async ready(until) {
      if (failures === 0) return;
      await abortable(new Promise<void>((resolve) => waiting.push(resolve)), until);
    },
    async close() {
      ended.abort();
      await looping;
    },
  };
}
