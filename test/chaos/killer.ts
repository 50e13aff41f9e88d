import { setTimeout as delay } from 'node:timers/promises';
import { killHard } from '../support/kill-hard.ts';
import { STAGE_SERVICES } from '../support/real-system.ts';
import type { RealSystem, ServiceName } from '../support/real-system.ts';

/** What is killed, once in each round; `children` are the stages' models, ffmpeg, and the gateway's photo process. */
const KINDS: readonly Kind[] = [
  { name: 'nats', of: 'process' },
  ...([...STAGE_SERVICES, 'gateway'] as const).flatMap((name) => [
    { name, of: 'process' as const },
    { name, of: 'children' as const },
  ]),
];

interface Kind {
  readonly name: ServiceName | 'nats';
  readonly of: 'process' | 'children';
}

export interface Kill extends Kind {
  /** Milliseconds since 1970. */
  readonly time: number;
}

/**
 * Kills one process of a system after another, `kill -9`, at random moments: on average three in the time in which this
 * machine starts a whole system, so that most are back before they are killed again, and some are not. Which one and
 * when is the same for a seed; how far everything is at that moment is not.
 * @returns once `signal` is aborted
 */
export async function killAtRandom(
  system: RealSystem,
  random: () => number,
  kills: Kill[],
  signal: AbortSignal,
): Promise<void> {
  let round: Kind[] = [];
  while (!signal.aborted) {
    if (round.length === 0) round = [...KINDS];
    const [kind] = round.splice(Math.floor(random() * round.length), 1);
    const pids = await pidsOf(system, kind!);
    const hit = pids.filter(killHard);
    kills.push(...hit.map(() => ({ ...kind!, time: Date.now() })));
    // What does not run at the moment, as ffmpeg mostly does not, costs no time.
    if (hit.length === 0) continue;
    await delay((2 / 3) * random() * system.startTime, undefined, { signal }).catch(() => undefined);
  }
}

async function pidsOf(system: RealSystem, { name, of }: Kind): Promise<number[]> {
  if (of === 'children') return name === 'nats' ? [] : system.children(name);
  const pid = await system.pid(name);
  return pid === null ? [] : [pid];
}
