import type { Turn } from '../admission/round-robin.ts';

/** Stores the state of the deficit round robin. The video table reads it. */
export interface QueueTurns {
  /** @throws UnavailableError */
  save(turn: Turn): Promise<void>;
}
