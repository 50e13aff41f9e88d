/** Shows the progress of a download. */
export interface ProgressLine {
  /** @param done downloaded bytes; `total` is in bytes, `now` in milliseconds */
  readonly update: (label: string, done: number, total: number, now: number) => void;
  /** Prints a line above the progress. */
  readonly note: (line: string) => void;
  /** Keeps the last state on the screen. */
  readonly end: () => void;
}

/** The output of the progress. */
export interface Screen {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

const WINDOW = 15_000;

/**
 * Shows percentage, size, speed (over the last 15 seconds or since the last line) and remaining time of a download. A
 * terminal shows one line that is updated; a log gets a line every 30 seconds.
 */
export function createProgressLine(screen: Screen): ProgressLine {
  const every = screen.isTTY ? 200 : 30_000;
  let samples: { readonly at: number; readonly done: number }[] = [];
  let shownAt = -Infinity;
  let open = false;

  const clear = (): void => {
    if (open) screen.write('\r\x1b[K');
    open = false;
  };

  return {
    update(label, done, total, now) {
      if (done < (samples.at(-1)?.done ?? 0)) samples = []; // the server started over
      if (now - shownAt < every && done < total) return;
      shownAt = now;
      samples = [...samples.filter(({ at }, i) => now - at <= WINDOW || i === samples.length - 1), { at: now, done }];
      const line = describeProgress(label, done, total, speedOf(samples));
      if (!screen.isTTY) {
        screen.write(`${line}\n`);
        return;
      }
      clear();
      screen.write(line.slice(0, (screen.columns ?? 80) - 1));
      open = true;
    },
    note(line) {
      clear();
      screen.write(`${line}\n`);
    },
    end() {
      if (open) screen.write('\n');
      open = false;
    },
  };
}

function speedOf(samples: readonly { readonly at: number; readonly done: number }[]): number | null {
  const [first, last] = [samples[0], samples.at(-1)];
  if (!first || !last || last.at === first.at) return null;
  return (last.done - first.done) / ((last.at - first.at) / 1000);
}

function describeProgress(label: string, done: number, total: number, speed: number | null): string {
  const share = total > 0 ? Math.floor((100 * done) / total) : 100;
  const parts = [`${String(share).padStart(3)} %`, `${size(done)} of ${size(total)}`];
  if (speed !== null && done < total) {
    parts.push(`${size(speed)}/s`, speed > 0 ? `${duration((total - done) / speed)} left` : 'stalled');
  }
  return [...parts, label].join('  ');
}

function size(bytes: number): string {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(2)} GB`;
  return bytes >= 1e6 ? `${(bytes / 1e6).toFixed(1)} MB` : `${Math.round(bytes / 1e3)} kB`;
}

function duration(seconds: number): string {
  const s = Math.ceil(seconds);
  if (s < 60) return `${s} s`;
  const minutes = Math.ceil(s / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
