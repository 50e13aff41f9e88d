/** What happens next, in the order of time; at the same time, in the order that it was said. */
export interface Agenda {
  /** Seconds since the beginning. */
  readonly now: number;
  /** @param seconds from now */
  in(seconds: number, happen: () => void): void;
  /** Lets everything happen, until nothing is left or the time is over. */
  run(until: number): void;
}

/** A binary heap of happenings. */
export function createAgenda(): Agenda {
  const heap: { at: number; order: number; happen: () => void }[] = [];
  let now = 0;
  let order = 0;
  const before = (a: number, b: number) =>
    heap[a]!.at < heap[b]!.at || (heap[a]!.at === heap[b]!.at && heap[a]!.order < heap[b]!.order);
  const swap = (a: number, b: number) => ([heap[a], heap[b]] = [heap[b]!, heap[a]!]);

  function push(at: number, happen: () => void): void {
    heap.push({ at, order: order++, happen });
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
    in: (seconds, happen) => push(now + seconds, happen),
    run(until) {
      while (heap[0] && heap[0].at <= until) {
        const next = pop()!;
        now = next.at;
        next.happen();
      }
      now = until;
    },
  };
}
