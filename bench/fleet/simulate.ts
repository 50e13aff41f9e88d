import { createAgenda } from './agenda.ts';
import { createPool } from './pool.ts';
import type { Pool, Scaling } from './pool.ts';
import { ACK_WAIT, HOP } from './stage-times.ts';
import type { StageTimes } from './stage-times.ts';

const STAGES = ['encode', 'denoise', 'decode', 'mux'] as const;
type StageName = (typeof STAGES)[number];

/** A fleet and what it goes through. */
export interface Scenario {
  readonly times: StageTimes;
  readonly fleet: Readonly<Record<StageName, Scaling>>;
  /** When videos are asked for. Seconds, ascending. */
  readonly arrivals: readonly number[];
  /** Denoisers that are lost at a time, with their node, until another comes. */
  readonly loss?: { readonly at: number; readonly workers: number; readonly seconds: number };
}

export interface Outcome {
  /** From a request to its video, in the order that they were asked for. Seconds. */
  readonly latencies: readonly number[];
  /** Until the last video. Seconds. */
  readonly duration: number;
  /** Share of the workers' time in which they computed. */
  readonly use: Readonly<Record<StageName, number>>;
  /** The most tasks that waited for a worker. */
  readonly deepest: Readonly<Record<StageName, number>>;
  /** GPUs' time, working or not, of a video: seconds. */
  readonly gpuSecondsPerVideo: number;
}

/** Segments of a video of 50 frames. */
const SEGMENTS = 2;
/** Nobody waits longer than this for a simulation's last video. */
const GIVE_UP = 14 * 86_400;

/**
 * The pipeline's chain over queues: encode → denoise 0 → { decode 0, denoise 1 → decode 1 } → mux. Tasks take as long as
 * they do; workers come and go as KEDA and the scheduler would have it.
 * @throws RangeError where the fleet is too small for what it is asked.
 */
export function simulate({ times, fleet, arrivals, loss }: Scenario): Outcome {
  const agenda = createAgenda();
  const left: Record<StageName, number> = { encode: 0, denoise: 0, decode: 0, mux: 0 };
  const checkpointed = (seconds: number) => Math.floor(seconds / times.checkpoint) * times.checkpoint;
  const pools = Object.fromEntries(
    STAGES.map((stage) => {
      const saved = stage === 'denoise' ? checkpointed : () => 0;
      return [stage, createPool(agenda, fleet[stage], () => left[stage], saved, ACK_WAIT)];
    }),
  ) as Record<StageName, Pool>;

  const latencies = arrivals.map(() => Number.NaN);
  const of = (measure: (pool: Pool) => number) =>
    Object.fromEntries(STAGES.map((stage) => [stage, measure(pools[stage])])) as Record<StageName, number>;
  let open = arrivals.length;
  // As it is when the last video is done: workers that then wait for another day count for nothing.
  let outcome: Outcome | undefined;

  function task(stage: StageName, next: () => void): void {
    agenda.in(HOP, () => {
      pools[stage].add({
        seconds: times[stage],
        done: () => {
          left[stage]--;
          next();
        },
      });
    });
  }

  function video(index: number): void {
    const asked = agenda.now;
    left.encode++;
    left.denoise += SEGMENTS;
    left.decode += SEGMENTS;
    left.mux++;
    let decoded = 0;
    const end = () => {
      latencies[index] = agenda.now - asked;
      if (--open > 0) return;
      const paid = of((pool) => pool.paid);
      outcome = {
        latencies,
        duration: agenda.now,
        use: of((pool) => pool.busy / pool.paid),
        deepest: of((pool) => pool.deepest),
        gpuSecondsPerVideo: (paid.denoise + paid.decode) / arrivals.length,
      };
    };
    const decode = () => task('decode', () => (++decoded === SEGMENTS ? task('mux', end) : undefined));
    const denoise = (segment: number) => {
      task('denoise', () => {
        decode();
        if (segment + 1 < SEGMENTS) denoise(segment + 1);
      });
    };
    task('encode', () => denoise(0));
  }

  arrivals.forEach((at, index) => agenda.in(at, () => video(index)));
  if (loss) agenda.in(loss.at, () => pools.denoise.lose(loss.workers, loss.seconds));
  for (let until = 3_600; outcome === undefined && until <= GIVE_UP; until += 3_600) agenda.run(until);
  if (!outcome) throw new RangeError('the fleet does not get to its last video in a fortnight');
  return outcome;
}
