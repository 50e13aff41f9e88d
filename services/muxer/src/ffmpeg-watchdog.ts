/** Detects that ffmpeg makes no progress while it has work. */
export interface Watchdog {
  /** Starts watching: ffmpeg has work. */
  watch(): void;
  /** Pauses: ffmpeg waits for frames. */
  rest(): void;
  /** Restarts the time limit: ffmpeg has made progress. */
  signOfLife(): void;
  stop(): void;
}

/** @param silenceMs milliseconds without progress after which `onSilence` is called once. */
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
