import { setTimeout as delay } from 'node:timers/promises';
import { killHard } from '../support/kill-hard.ts';
import { STAGE_SERVICES } from '../support/real-system.ts';
import type { RealSystem, ServiceName } from '../support/real-system.ts';

/** What is killed once per round. `children` are the computing processes, ffmpeg, and the gateway's photo process. */
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
 * Kills processes of a system with SIGKILL at random moments, on average three in the time that this machine needs to start
 * the system. Most processes are running again before they are killed again, and some are not. A seed fixes the order and
 * the moments, but not the state of the system at those moments.
 * @returns once `signal` is aborted.
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
    // A process that is not running, as ffmpeg most of the time, needs no pause.
    if (hit.length === 0) continue;
    await delay((2 / 3) * random() * system.startTime, undefined, { signal }).catch(() => undefined);
  }
}

async function pidsOf(system: RealSystem, { name, of }: Kind): Promise<number[]> {
  if (of === 'children') return name === 'nats' ? [] : system.children(name);
  const pid = await system.pid(name);
  return pid === null ? [] : [pid];
}
