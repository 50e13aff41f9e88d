import type { Plan } from '../messages.ts';

/** A video that waits to be let in. */
export interface Waiting {
  readonly owner: string;
  readonly videoId: string;
  /** What computing it costs, in any unit. */
  readonly cost: number;
}

/** Whose turn it is, and what callers may still spend in it. */
export interface Turn {
  readonly owner: string;
  readonly deficits: Readonly<Record<string, number>>;
}

export const FIRST_TURN: Turn = { owner: '', deficits: {} };

/** What a plan costs: its pixels times its steps, in units of a full-size run of 25 frames in 25 steps. */
export const costOf = ({ segments, segmentFrames, width, height, steps }: Plan): number =>
  (segments * segmentFrames * width * height * steps) / (25 * 1024 * 576 * 25);

/**
 * The order in which videos are let in: deficit round robin over their callers (Shreedhar and Varghese, 1995). Each
 * caller in turn is given as much as the dearest of the videos at the heads costs, and spends it on its own, oldest
 * first. So whoever sends many waits behind itself, not in front of others.
 * @param waiting oldest first.
 * @returns each with the turn as it is once that video is let in.
 */
export function* inTurn<V extends Waiting>(
  waiting: readonly V[],
  start: Turn,
): Generator<{ readonly video: V; readonly turn: Turn }, void, undefined> {
  const queues = new Map<string, V[]>();
  for (const video of waiting) queues.set(video.owner, [...(queues.get(video.owner) ?? []), video]);
  const ring = [...queues.keys()].sort();
  // Reversed, so that taking the oldest is cheap.
  for (const queue of queues.values()) queue.reverse();
  const deficits = new Map(ring.map((owner) => [owner, start.deficits[owner] ?? 0]));
  let at = ring.findIndex((owner) => owner >= start.owner);
  if (at < 0) at = 0;
  // A caller that has gone, or whose turn it was not, is given its share on arrival.
  let arrived = ring[at] !== start.owner;

  while (ring.length > 0) {
    const owner = ring[at]!;
    const queue = queues.get(owner)!;
    const head = queue.at(-1)!;
    if (arrived) {
      const quantum = Math.max(...ring.map((other) => queues.get(other)!.at(-1)!.cost));
      deficits.set(owner, deficits.get(owner)! + quantum);
      arrived = false;
    }
    const left = deficits.get(owner)! - head.cost;
    if (left < 0) {
      at = (at + 1) % ring.length;
      arrived = true;
      continue;
    }
    queue.pop();
    deficits.set(owner, left);
    if (queue.length === 0) {
      // Nobody saves up while there is nothing to spend on.
      deficits.delete(owner);
      ring.splice(at, 1);
      if (at >= ring.length) at = 0;
      arrived = true;
    }
    yield { video: head, turn: { owner, deficits: Object.fromEntries(deficits) } };
  }
}
