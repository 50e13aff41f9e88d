import type { Agenda } from './agenda.ts';

/** A task of a stage, as a queue has it. */
export interface Work {
  /** What is left of it; less than the whole, once it goes on from a saved state. */
  seconds: number;
  readonly done: () => void;
}

/** How a stage's workers come and go. */
export interface Scaling {
  readonly least: number;
  readonly most: number;
  /** The backlog that one worker is for (KEDA's `tasksPerReplica`). */
  readonly tasksPerReplica: number;
  /** From the wish to a worker that works: a node, the image, the model. Seconds. */
  readonly start: number;
  /** A smaller fleet must have been enough for this long. Seconds. */
  readonly patience: number;
}

/** The workers of one stage and their queue. */
export interface Pool {
  add(work: Work): void;
  /** Ends so many workers at once, in the middle of what they do; no new ones come for them before `seconds`. */
  lose(count: number, seconds: number): void;
  /** Worker-seconds, so far: those that there were, and those in which they computed. */
  readonly paid: number;
  readonly busy: number;
  readonly deepest: number;
}

/** How often the fleet's size is looked at: as often as the autoscaler does. Seconds. */
const LOOK = 15;

/**
 * @param backlog all tasks of the stage that are not done, whether they can begin or not: what the fleet is sized by.
 * @param saved what a task that is cut off after so many seconds need not do again.
 * @param found after what time the queue knows that a worker is gone.
 */
export function createPool(
  agenda: Agenda,
  { least, most, tasksPerReplica, start, patience }: Scaling,
  backlog: () => number,
  saved: (seconds: number) => number,
  found: number,
): Pool {
  interface Worker {
    alive: boolean;
    work: Work | null;
    since: number;
  }
  const waiting: Work[] = [];
  const workers = new Set<Worker>();
  let [starting, barred, paid, busy, deepest, looked] = [0, 0, 0, 0, 0, 0];
  const wishes: { at: number; size: number }[] = [];

  function account(): void {
    paid += (agenda.now - looked) * workers.size;
    looked = agenda.now;
  }

  function begin(): void {
    for (const worker of workers) {
      if (worker.work) continue;
      const work = waiting.shift();
      if (!work) return;
      worker.work = work;
      worker.since = agenda.now;
      agenda.in(work.seconds, () => {
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
    workers.add({ alive: true, work: null, since: agenda.now });
    begin();
  }

  function resize(): void {
    const wish = Math.min(most - barred, Math.max(least, Math.ceil(backlog() / tasksPerReplica)));
    wishes.push({ at: agenda.now, size: wish });
    while (wishes[0]!.at < agenda.now - patience) wishes.shift();
    const size = Math.max(...wishes.map((one) => one.size));
    for (; workers.size + starting < wish; starting++) {
      agenda.in(start, () => {
        starting--;
        arrive();
      });
    }
    // One at a time, and never one that computes.
    const [idle] = workers.size + starting > size ? [...workers].filter(({ work }) => work === null) : [];
    if (idle) {
      account();
      workers.delete(idle);
      idle.alive = false;
    }
    agenda.in(LOOK, resize);
  }
  for (let count = 0; count < least; count++) arrive();
  resize();

  return {
    add(work) {
      waiting.push(work);
      deepest = Math.max(deepest, waiting.length);
      begin();
    },
    lose(count, seconds) {
      account();
      const lost = [...workers].slice(0, count);
      barred += lost.length;
      agenda.in(seconds, () => (barred -= lost.length));
      for (const worker of lost) {
        workers.delete(worker);
        worker.alive = false;
        const { work } = worker;
        if (!work) continue;
        const ran = agenda.now - worker.since;
        busy += ran;
        work.seconds -= saved(ran);
        agenda.in(found, () => {
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
    get deepest() {
      return deepest;
    },
  };
}
