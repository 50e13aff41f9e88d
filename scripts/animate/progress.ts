/** Where progress is shown. */
export interface Screen {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** Shows how far a work of several stages is. */
export interface Progress extends Disposable {
  /** The next stage. Without a total, it is only said to be at work. */
  stage(label: string, units?: { readonly name: string; readonly total: number }): void;
  /** So many of the stage's units are done. */
  done(count: number): void;
  /** A line that stays, above the progress. */
  note(line: string): void;
}

/**
 * On a terminal one line that keeps changing; elsewhere a line at a stage's beginning, first unit and end, and every few
 * seconds in between, so that a log stays readable.
 * @param stages how many there are.
 * @param clock milliseconds.
 */
export function createProgress(screen: Screen, stages: number, clock = () => performance.now()): Progress {
  let stage = 0;
  let label = '';
  let units: { readonly name: string; readonly total: number } | undefined;
  /** When how many were done: at the stage's start, at the first, at the last. */
  let marks: { readonly at: number; readonly count: number }[] = [];
  let shownAt = 0;
  let open = false;

  const clear = (): void => {
    if (open) screen.write('\r\x1b[K');
    open = false;
  };
  const describe = (): string => {
    const head = `${stage}/${stages} ${label}`;
    const last = marks.at(-1);
    if (!units || !last) {
      const seconds = (clock() - (last?.at ?? 0)) / 1000;
      return seconds < 1 ? head : `${head}  ${duration(seconds)}`;
    }
    const { name, total } = units;
    const parts = [head, ...(screen.isTTY ? [bar(last.count / total)] : []), `${name} ${last.count} of ${total}`];
    // The first one loads the model: it says nothing of the others once there are any.
    const [first = last] = marks.slice(marks.length > 2 ? 1 : 0);
    if (last.count > first.count) {
      const each = (last.at - first.at) / 1000 / (last.count - first.count);
      parts.push(`${each < 10 ? each.toFixed(2) : each.toFixed(1)} s/${name}`);
      const left = each * (total - last.count) - (clock() - last.at) / 1000;
      if (last.count < total) parts.push(`${duration(Math.max(left, 0))} left`);
    }
    return parts.join('  ');
  };
  const show = (): void => {
    clear();
    shownAt = clock();
    screen.write(screen.isTTY ? describe().slice(0, (screen.columns ?? 80) - 1) : `${describe()}\n`);
    open = screen.isTTY === true;
  };
  const close = (): void => {
    if (open) screen.write('\n');
    open = false;
  };
  // A step may take a minute: the time left goes on.
  const ticking = screen.isTTY ? setInterval(() => stage > 0 && show(), 500).unref() : undefined;

  return {
    stage(name, total) {
      close();
      stage++;
      [label, units, marks] = [name, total, [{ at: clock(), count: 0 }]];
      show();
    },
    done(count) {
      marks = [...marks.slice(0, 2), { at: clock(), count }];
      const due = marks.length === 2 || count === units?.total || clock() - shownAt >= 5000;
      if (screen.isTTY === true || due) show();
    },
    note(line) {
      clear();
      screen.write(`${line}\n`);
    },
    [Symbol.dispose]() {
      clearInterval(ticking);
      close();
      stage = 0;
    },
  };
}

function bar(share: number): string {
  const full = Math.round(share * 20);
  return '█'.repeat(full) + '░'.repeat(20 - full);
}

function duration(seconds: number): string {
  const s = Math.round(seconds);
  if (s < 100) return `${s} s`;
  const minutes = Math.round(s / 60);
  return minutes < 100 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
