import type { EventQueue } from './event-queue.ts';

/** A task in the queue of a stage. */
export interface Work {
  /** Remaining time; it is less than the total after the task was resumed from a saved state. */
  seconds: number;
  readonly done: () => void;
}

/** The autoscaling of a stage. */
export interface Scaling {
  /** Minimum and maximum number of workers. */
  readonly min: number;
  readonly max: number;
  /** Number of tasks per worker (KEDA's `tasksPerReplica`). */
  readonly tasksPerReplica: number;
  /** Time until a new worker is ready: node, image, model. Seconds. */
  readonly start: number;
  /** How long fewer workers must have been sufficient before one is removed. Seconds. */
  readonly cooldown: number;
}

/** The workers of one stage and their queue. */
export interface Pool {
  add(work: Work): void;
  /** Removes workers, also during a task. They are replaced after `seconds` at the earliest. */
  removeWorkers(count: number, seconds: number): void;
  /** Worker-seconds so far: in total, and while computing. */
  readonly paid: number;
  readonly busy: number;
  /** Maximum number of waiting tasks so far. */
  readonly maxQueueLength: number;
}

/** Interval of the autoscaler. Seconds. */
const RESIZE_INTERVAL = 15;

/**
 * Creates the workers and the queue of a stage.
 * @param backlog returns the number of unfinished tasks of the stage, including those that cannot start yet
 * @param saved returns how much of an interrupted task need not be repeated, given its run time in seconds
 * @param detectedAfter time until the loss of a worker is detected, in seconds
 */
export function createPool(
  events: EventQueue,
  { min, max, tasksPerReplica, start, cooldown }: Scaling,
  backlog: () => number,
  saved: (seconds: number) => number,
  detectedAfter: number,
): Pool {
  interface Worker {
    alive: boolean;
    work: Work | null;
    since: number;
  }
  const waiting: Work[] = [];
  const workers = new Set<Worker>();
  let [starting, unavailable, paid, busy, maxQueueLength, accountedUntil] = [0, 0, 0, 0, 0, 0];
  const desiredSizes: { at: number; size: number }[] = [];

  function account(): void {
    paid += (events.now - accountedUntil) * workers.size;
    accountedUntil = events.now;
  }

  function begin(): void {
    for (const worker of workers) {
      if (worker.work) continue;
      const work = waiting.shift();
      if (!work) return;
      worker.work = work;
      worker.since = events.now;
      events.schedule(work.seconds, () => {
        if (!worker.alive || worker.work !== work) return;
        busy += work.seconds;
        worker.work = null;
        work.done();
        begin();
      });
    }
  }

  function arrive(): void {
    account();
    workers.add({ alive: true, work: null, since: events.now });
    begin();
  }

  function resize(): void {
    const desired = Math.min(max - unavailable, Math.max(min, Math.ceil(backlog() / tasksPerReplica)));
    desiredSizes.push({ at: events.now, size: desired });
    while (desiredSizes[0]!.at < events.now - cooldown) desiredSizes.shift();
    const size = Math.max(...desiredSizes.map((one) => one.size));
    for (; workers.size + starting < desired; starting++) {
      events.schedule(start, () => {
        starting--;
        arrive();
      });
    }
    // Removes one worker at a time, and only an idle one.
    const [idle] = workers.size + starting > size ? [...workers].filter(({ work }) => work === null) : [];
    if (idle) {
      account();
      workers.delete(idle);
      idle.alive = false;
    }
    events.schedule(RESIZE_INTERVAL, resize);
  }
  for (let count = 0; count < min; count++) arrive();
  resize();

  return {
    add(work) {
      waiting.push(work);
      maxQueueLength = Math.max(maxQueueLength, waiting.length);
      begin();
    },
    removeWorkers(count, seconds) {
      account();
      const lost = [...workers].slice(0, count);
      unavailable += lost.length;
      events.schedule(seconds, () => (unavailable -= lost.length));
      for (const worker of lost) {
        workers.delete(worker);
        worker.alive = false;
        const { work } = worker;
        if (!work) continue;
        const ran = events.now - worker.since;
        busy += ran;
        work.seconds -= saved(ran);
        events.schedule(detectedAfter, () => {
          waiting.unshift(work);
          begin();
        });
      }
    },
    get paid() {
      account();
      return paid;
    },
    get busy() {
      return busy;
    },
    get maxQueueLength() {
      return maxQueueLength;
    },
  };
}
