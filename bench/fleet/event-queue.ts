/** Events of a simulation, ordered by time and, at the same time, by the order in which they were added. */
export interface EventQueue {
  /** Seconds since the start of the simulation. */
  readonly now: number;
  /** Adds an event. @param seconds from now */
  schedule(seconds: number, run: () => void): void;
  /** Runs events until the queue is empty, or until the given time. */
  run(until: number): void;
}

/** Creates an event queue (a binary heap). */
export function createEventQueue(): EventQueue {
  const heap: { at: number; order: number; run: () => void }[] = [];
  let now = 0;
  let order = 0;
  const before = (a: number, b: number) =>
    heap[a]!.at < heap[b]!.at || (heap[a]!.at === heap[b]!.at && heap[a]!.order < heap[b]!.order);
  const swap = (a: number, b: number) => ([heap[a], heap[b]] = [heap[b]!, heap[a]!]);

  function push(at: number, run: () => void): void {
    heap.push({ at, order: order++, run });
    for (let child = heap.length - 1; child > 0;) {
      const parent = (child - 1) >> 1;
      if (!before(child, parent)) return;
      swap(child, parent);
      child = parent;
    }
  }

  function pop(): (typeof heap)[number] | undefined {
    const last = heap.length - 1;
    if (last < 0) return undefined;
    swap(0, last);
    const first = heap.pop();
    for (let parent = 0; ;) {
      let least = parent;
      for (const child of [2 * parent + 1, 2 * parent + 2])
        if (child < heap.length && before(child, least)) least = child;
      if (least === parent) return first;
      swap(parent, least);
      parent = least;
    }
  }

  return {
    get now() {
      return now;
    },
    schedule: (seconds, run) => push(now + seconds, run),
    run(until) {
      while (heap[0] && heap[0].at <= until) {
        const next = pop()!;
        now = next.at;
        next.run();
      }
      now = until;
    },
  };
}
