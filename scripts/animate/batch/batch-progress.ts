import type { Progress, State } from '../progress.ts';

/** The progress of one video of a batch. */
export interface ItemProgress {
  show(state: State): void;
  /** The video is done, failed or cancelled. */
  end(): void;
}

/** The progress of a batch, shown as that of one piece of work. */
export interface BatchProgress {
  begin(name: string): ItemProgress;
}

/** Below this fraction, the remaining time would be a guess. */
const MIN_FRACTION = 0.02;

/**
 * Combines the progress of several videos: how many have ended, and the mean of their fractions. A terminal also shows the
 * activity of the oldest video that is not finished.
 *
 * @param total the number of videos
 * @param isTTY whether the progress is shown on a terminal
 * @param clock the time in milliseconds
 */
export function createBatchProgress(
  progress: Pick<Progress, 'show'>,
  total: number,
  isTTY: boolean,
  clock = () => performance.now(),
): BatchProgress {
  const started = clock();
  const running = new Map<number, { readonly name: string; state: State }>();
  let begun = 0;
  let ended = 0;

  function show(): void {
    const fractions = [...running.values()].map(({ state }) => state.fraction ?? 0);
    const fraction = (ended + fractions.reduce((sum, each) => sum + each, 0)) / total;
    const elapsed = (clock() - started) / 1000;
    const [oldest] = running.values();
    progress.show({
      label: total === 1 ? 'animating 1 photo' : `animating ${total} photos`,
      units: { name: 'video', done: ended, total },
      fraction,
      ...(fraction >= MIN_FRACTION ? { remaining: (elapsed * (1 - fraction)) / fraction } : {}),
      ...(isTTY && oldest ? { detail: describe(oldest, running.size - 1) } : {}),
    });
  }

  return {
    begin(name) {
      const id = begun++;
      const item = { name, state: { label: 'reading' } as State };
      running.set(id, item);
      show();
      return {
        show(state) {
          item.state = state;
          show();
        },
        end() {
          running.delete(id);
          ended++;
          show();
        },
      };
    },
  };
}

function describe({ name, state: { label, units } }: { name: string; state: State }, others: number): string {
  const step = units ? ` ${units.done}/${units.total}` : '';
  return `${name}: ${label}${step}${others > 0 ? ` (+${others})` : ''}`;
}
