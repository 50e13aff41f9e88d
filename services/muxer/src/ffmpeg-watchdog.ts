/** Notices silence while something is expected. */
export interface Watchdog {
  /** From now on something is expected. */
  watch(): void;
  /** Nothing is, for a while. */
  rest(): void;
  /** It did something. */
  signOfLife(): void;
  stop(): void;
}

/** @param silenceMs how long nothing may happen before `onSilence` is called, once */
export function createWatchdog(silenceMs: number, onSilence: () => void): Watchdog {
  let timer: NodeJS.Timeout | undefined;
  let watching = false;
  const restart = (): void => {
    clearTimeout(timer);
    if (watching) timer = setTimeout(onSilence, silenceMs);
  };
  const set = (now: boolean) => (): void => {
    watching = now;
    restart();
  };
  return { watch: set(true), rest: set(false), signOfLife: restart, stop: set(false) };
}
