import type { Plan } from '../messages.ts';

/** A video that waits for admission. */
export interface Waiting {
  readonly owner: string;
  readonly videoId: string;
  /** The cost of computing it, see {@link costOf}. */
  readonly cost: number;
}

/** The state of the round robin: whose turn it is, and what each owner may still spend. */
export interface Turn {
  readonly owner: string;
  readonly deficits: Readonly<Record<string, number>>;
}

export const FIRST_TURN: Turn = { owner: '', deficits: {} };

/** The cost of joining videos, whose files are copied: not 0, because an owner can ask for many. */
const JOIN_COST = 0.001;

/** The cost of a plan: pixels times steps, relative to 25 frames of 1024×576 in 25 steps. */
export const costOf = ({ join, segments, segmentFrames, width, height, steps }: Plan): number =>
  join.length > 0 ? JOIN_COST : (segments * segmentFrames * width * height * steps) / (25 * 1024 * 576 * 25);

/**
 * The order in which videos are admitted: deficit round robin over their owners (Shreedhar and Varghese, 1995). With each
 * turn an owner receives the cost of the most expensive of the owners' oldest videos, and spends it on its own videos,
 * oldest first. An owner with many videos therefore delays only itself.
 * @param waiting oldest first.
 * @returns each video with the state after its admission.
 */
export function* roundRobinOrder<V extends Waiting>(
  waiting: readonly V[],
  start: Turn,
): Generator<{ readonly video: V; readonly turn: Turn }, void, undefined> {
  const queues = new Map<string, V[]>();
  for (const video of waiting) queues.set(video.owner, [...(queues.get(video.owner) ?? []), video]);
  const ring = [...queues.keys()].sort();
  // Reversed, so that the oldest can be popped.
  for (const queue of queues.values()) queue.reverse();
  const deficits = new Map(ring.map((owner) => [owner, start.deficits[owner] ?? 0]));
  let at = ring.findIndex((owner) => owner >= start.owner);
  if (at < 0) at = 0;
  // An owner receives its quantum when its turn begins, which is now unless the turn was already in progress.
  let turnBegins = ring[at] !== start.owner;

  while (ring.length > 0) {
    const owner = ring[at]!;
    const queue = queues.get(owner)!;
    const head = queue.at(-1)!;
    if (turnBegins) {
      const quantum = Math.max(...ring.map((other) => queues.get(other)!.at(-1)!.cost));
      deficits.set(owner, deficits.get(owner)! + quantum);
      turnBegins = false;
    }
    const left = deficits.get(owner)! - head.cost;
    if (left < 0) {
      at = (at + 1) % ring.length;
      turnBegins = true;
      continue;
    }
    queue.pop();
    deficits.set(owner, left);
    if (queue.length === 0) {
      // An owner without waiting videos saves nothing up.
      deficits.delete(owner);
      ring.splice(at, 1);
      if (at >= ring.length) at = 0;
      turnBegins = true;
    }
    yield { video: head, turn: { owner, deficits: Object.fromEntries(deficits) } };
  }
}
