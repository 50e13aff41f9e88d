import { createEventQueue } from './event-queue.ts';
import { createPool } from './pool.ts';
import type { Pool, Scaling } from './pool.ts';
import { ACK_WAIT, HOP } from './stage-times.ts';
import type { StageTimes } from './stage-times.ts';

const STAGES = ['encode', 'denoise', 'decode', 'mux'] as const;
type StageName = (typeof STAGES)[number];

/** A fleet and the events of a simulation. */
export interface Scenario {
  readonly times: StageTimes;
  readonly fleet: Readonly<Record<StageName, Scaling>>;
  /** Times of the requests, ascending. Seconds. */
  readonly arrivals: readonly number[];
  /** The loss of denoisers at a time, with the time until they can be replaced. Seconds. */
  readonly loss?: { readonly at: number; readonly workers: number; readonly seconds: number };
}

export interface Outcome {
  /** Time from each request to its video, in the order of the requests. Seconds. */
  readonly latencies: readonly number[];
  /** Time until the last video is done. Seconds. */
  readonly duration: number;
  /** Utilisation of the workers, 0…1. */
  readonly use: Readonly<Record<StageName, number>>;
  /** Maximum number of waiting tasks. */
  readonly maxQueueLength: Readonly<Record<StageName, number>>;
  /** GPU time per video, including idle time. Seconds. */
  readonly gpuSecondsPerVideo: number;
}

/** Segments of a video of 50 frames. */
const SEGMENTS = 2;
/** Maximum simulated time. Seconds. */
const MAX_TIME = 14 * 86_400;

/**
 * Simulates the stages and their queues: encode → denoise 0 → { decode 0, denoise 1 → decode 1 } → mux. The task times are
 * constant; the number of workers follows the rules of KEDA.
 * @throws RangeError when the fleet is too small for the load
 */
export function simulate({ times, fleet, arrivals, loss }: Scenario): Outcome {
  const events = createEventQueue();
  const left: Record<StageName, number> = { encode: 0, denoise: 0, decode: 0, mux: 0 };
  const checkpointed = (seconds: number) => Math.floor(seconds / times.checkpoint) * times.checkpoint;
  const pools = Object.fromEntries(
    STAGES.map((stage) => {
      const saved = stage === 'denoise' ? checkpointed : () => 0;
      return [stage, createPool(events, fleet[stage], () => left[stage], saved, ACK_WAIT)];
    }),
  ) as Record<StageName, Pool>;

  const latencies = arrivals.map(() => Number.NaN);
  const of = (measure: (pool: Pool) => number) =>
    Object.fromEntries(STAGES.map((stage) => [stage, measure(pools[stage])])) as Record<StageName, number>;
  let open = arrivals.length;
  // Recorded when the last video is done, so that later idle time does not count.
  let outcome: Outcome | undefined;

  function task(stage: StageName, next: () => void): void {
    events.schedule(HOP, () => {
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
    const asked = events.now;
    left.encode++;
    left.denoise += SEGMENTS;
    left.decode += SEGMENTS;
    left.mux++;
    let decoded = 0;
    const end = () => {
      latencies[index] = events.now - asked;
      if (--open > 0) return;
      const paid = of((pool) => pool.paid);
      outcome = {
        latencies,
        duration: events.now,
        use: of((pool) => pool.busy / pool.paid),
        maxQueueLength: of((pool) => pool.maxQueueLength),
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

  arrivals.forEach((at, index) => events.schedule(at, () => video(index)));
  if (loss) events.schedule(loss.at, () => pools.denoise.removeWorkers(loss.workers, loss.seconds));
  for (let until = 3_600; outcome === undefined && until <= MAX_TIME; until += 3_600) events.run(until);
  if (!outcome) throw new RangeError('the fleet does not finish all videos within 14 simulated days');
  return outcome;
}
