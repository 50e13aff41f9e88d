import type { Capabilities } from '@cinematica/protocol/v1';
import type { Api } from '#lib/api/client.ts';
import { createRefreshScheduler } from '#lib/api/refresh-scheduler.ts';

/** Delay before the first retry, and the longest delay, in milliseconds. */
const [FIRST_DELAY_MS, MAX_DELAY_MS] = [1000, 20_000];

/** The gateway's capabilities. `value` and `unreachable` are reactive. */
export interface LoadedCapabilities {
  readonly value: Capabilities | undefined;
  /** Whether the last attempt failed; it is retried. */
  readonly unreachable: boolean;
  /** Resolves with the capabilities; rejects only when the signal is aborted. */
  readonly loaded: Promise<Capabilities>;
}

/** Calls `GetCapabilities` until the gateway answers. @param signal stops the retries. */
export function loadCapabilities(api: Pick<Api, 'getCapabilities'>, signal: AbortSignal): LoadedCapabilities {
  let value = $state.raw<Capabilities>();
  let unreachable = $state(false);

  const load = async (): Promise<Capabilities> => {
    const scheduler = createRefreshScheduler(signal);
    for (let delayMs = FIRST_DELAY_MS; ; delayMs = Math.min(delayMs * 2, MAX_DELAY_MS)) {
      signal.throwIfAborted();
      const attempt = scheduler.attemptSignal();
      try {
        const { capabilities } = await api.getCapabilities({}, { signal: attempt });
        if (capabilities) {
          unreachable = false;
          value = capabilities;
          return capabilities;
        }
      } catch {
        signal.throwIfAborted();
        unreachable = !attempt.aborted;
      }
      await scheduler.wait(delayMs);
    }
  };
  const loaded = load();
  // Nobody may be waiting when the signal is aborted.
  loaded.catch(() => undefined);

  return {
    get value() {
      return value;
    },
    get unreachable() {
      return unreachable;
    },
    loaded,
  };
}
