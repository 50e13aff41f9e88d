/** Where progress is shown. */
export interface Screen {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** The progress of one piece of work. */
export interface State {
  /** The current activity. */
  readonly label: string;
  /** How many units of the activity are done. */
  readonly units?: { readonly name: string; readonly done: number; readonly total: number };
  /** Additional text. */
  readonly detail?: string;
  /** Completed fraction of the whole work, from 0 to 1. */
  readonly fraction?: number;
  /** Estimated time until the whole work is done. Seconds. */
  readonly remaining?: number;
}

/** Shows progress. */
export interface Progress extends Disposable {
  /** Whether it is shown on a terminal. */
  readonly isTTY: boolean;
  show(state: State): void;
  /** Prints a permanent line above the progress. */
  note(line: string): void;
  /** Prints a line of the result, which does not belong to the progress. */
  result(line: string): void;
}

/** Options of {@link createProgress}. */
export interface ProgressOptions {
  /** Where lines of the result are printed. Default: nowhere else than the progress. */
  readonly results?: Pick<Screen, 'write'>;
  /** Where there is no terminal, a line is printed at least this often. Milliseconds. Default: 5 s. */
  readonly intervalMs?: number;
  /** The current time in milliseconds. Default: `performance.now`. */
  readonly clock?: () => number;
}

/**
 * On a terminal, progress is one line that is rewritten. Elsewhere, a line is printed at the start, the first unit and the
 * end of an activity, for every new detail, and every 5 s, so that logs stay short.
 */
export function createProgress(screen: Screen, options: ProgressOptions = {}): Progress {
  const { results = screen, intervalMs = 5_000, clock = () => performance.now() } = options;
  let state: State | undefined;
  /** Times and unit counts at the start of the activity, at the first unit and at the last one. */
  let marks: { readonly at: number; readonly done: number }[] = [];
  /** Estimated end of the whole work, by the clock. */
  let end: number | undefined;
  let shownAt = 0;
  let open = false;

  const clear = (): void => {
    if (open) screen.write('\r\x1b[K');
    open = false;
  };
  const describe = ({ label, units, detail, fraction }: State): string => {
    const parts = [label];
    if (screen.isTTY && fraction !== undefined) parts.push(bar(fraction));
    if (units) parts.push(`${units.name} ${units.done} of ${units.total}`);
    if (detail !== undefined) parts.push(detail);
    const pace = units && paceOf(marks);
    if (units && pace !== undefined) parts.push(`${pace < 10 ? pace.toFixed(2) : pace.toFixed(1)} s/${units.name}`);
    if (end !== undefined) parts.push(`${duration(Math.max(0, end - clock()) / 1000)} left`);
    else if (units && pace !== undefined && units.done < units.total) {
      const left = pace * (units.total - units.done) - (clock() - (marks.at(-1)?.at ?? 0)) / 1000;
      parts.push(`${duration(Math.max(left, 0))} left of this`);
    } else if (!units && detail === undefined) {
      const seconds = (clock() - (marks[0]?.at ?? 0)) / 1000;
      if (seconds >= 1) parts.push(duration(seconds));
    }
    return parts.join('  ');
  };
  const draw = (): void => {
    if (!state) return;
    clear();
    shownAt = clock();
    screen.write(screen.isTTY ? describe(state).slice(0, (screen.columns ?? 80) - 1) : `${describe(state)}\n`);
    open = screen.isTTY === true;
  };
  const close = (): void => {
    if (open) screen.write('\n');
    open = false;
  };
  // A step may take a minute. The remaining time counts down meanwhile.
  const ticking = screen.isTTY ? setInterval(draw, 500).unref() : undefined;

  return {
    isTTY: screen.isTTY === true,
    show(next) {
      const before = state;
      const isNew = next.label !== before?.label;
      if (isNew) {
        close();
        [marks, end] = [[], undefined];
      }
      const done = next.units?.done ?? 0;
      const moved = isNew || done !== marks.at(-1)?.done;
      // Steps that are repeated after a crash start a new measurement.
      if (done < (marks.at(-1)?.done ?? 0)) marks = [];
      if (moved) marks = [...marks.slice(0, 2), { at: clock(), done }];
      if (next.remaining !== undefined) end = clock() + next.remaining * 1000;
      state = next;
      const due =
        isNew || next.detail !== before.detail || (moved && (marks.length === 2 || done === next.units?.total));
      if (screen.isTTY === true || due || clock() - shownAt >= intervalMs) draw();
    },
    note(line) {
      clear();
      screen.write(`${line}\n`);
    },
    result(line) {
      clear();
      results.write(`${line}\n`);
    },
    [Symbol.dispose]() {
      clearInterval(ticking);
      close();
      state = undefined;
    },
  };
}

/** Seconds per unit. The first unit includes loading the model, so it counts only while it is the only one. */
function paceOf(marks: readonly { readonly at: number; readonly done: number }[]): number | undefined {
  const [first, last] = [marks[marks.length > 2 ? 1 : 0], marks.at(-1)];
  return first && last && last.done > first.done ? (last.at - first.at) / 1000 / (last.done - first.done) : undefined;
}

function bar(share: number): string {
  const full = Math.round(share * 20);
  return '█'.repeat(full) + '░'.repeat(20 - full);
}

/** Writes a time in words, such as `3 min`. */
export function duration(seconds: number): string {
  const s = Math.round(seconds);
  if (s < 100) return `${s} s`;
  const minutes = Math.round(s / 60);
  return minutes < 100 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
