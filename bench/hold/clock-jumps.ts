import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isTerminal, VideoState } from '@cinematica/pipeline';
import { idOf } from '../../test/support/api.ts';
import { outcome } from './support/row.ts';
import type { Family } from './support/row.ts';
import { seconds } from './support/statistics.ts';
import { startStubSystem } from './support/stub-system.ts';

const HOUR = 3_600_000;
/** The clock of the gateway and that of the workers, relative to the real one, in turn. Milliseconds. */
const JUMPS: readonly (readonly [gateway: number, workers: number])[] = [
  [HOUR, 0],
  [0, 0],
  [-HOUR, 0],
  [0, HOUR],
  [0, -HOUR],
  [HOUR, -HOUR],
  [24 * HOUR, 24 * HOUR],
  [0, 0],
];
const VIDEOS_OF_EACH = 5;

export const clockJumps: Family = {
  rows: [
    {
      id: 'CLOCK',
      what: 'videos that fail or hang while the clocks of the gateway and of the workers jump by hours',
      target: '0; none takes longer than 30 s',
    },
  ],
  async run() {
    const folder = await mkdtemp(join(tmpdir(), 'cinematica-clock-'));
    const [gatewayClock, workerClock] = [join(folder, 'gateway'), join(folder, 'workers')];
    const set = async ([gateway, workers]: readonly [number, number]) => {
      await writeFile(gatewayClock, String(gateway));
      await writeFile(workerClock, String(workers));
    };
    await set([0, 0]);
    const NODE_OPTIONS = `--import=${join(import.meta.dirname, 'support/moving-clock.ts')}`;
    try {
      await using system = await startStubSystem({
        env: { NODE_OPTIONS, CLOCK_FILE: gatewayClock, ACK_WAIT_MS: '2000', LEASE_MS: '1500', RECONCILE_MS: '500' },
        stepMilliseconds: 50,
        workerEnv: { NODE_OPTIONS, CLOCK_FILE: workerClock },
      });
      const client = system.gateway.client();
      const waiting: Promise<number>[] = [];
      for (const jump of JUMPS) {
        for (let i = 0; i < VIDEOS_OF_EACH; i++) {
          const source = { case: 'image' as const, value: system.photo };
          const { video } = await client.createVideo({ source, settings: { frames: 2, steps: 10 } });
          waiting.push(untilDone(system.gateway, idOf(video!)));
          // Some videos run during the jump.
          if (i === 1) await set(jump);
          await delay(300);
        }
        await delay(2_000);
      }
      const times = await Promise.all(waiting);
      const bad = times.filter((time) => Number.isNaN(time)).length;
      const longest = Math.max(...times.filter((time) => !Number.isNaN(time)));
      const figure = `${bad} of ${times.length}; longest ${seconds(longest)}, ${JUMPS.length} jumps of 1 to 25 h; the clock of NATS is not moved`;
      return [outcome('CLOCK', bad === 0 && longest <= 30_000, figure)];
    } finally {
      await rm(folder, { recursive: true });
    }
  },
};

/** @returns how long a video takes, in milliseconds; NaN if it is not done after 90 s. */
async function untilDone(
  { records }: Awaited<ReturnType<typeof startStubSystem>>['gateway'],
  videoId: string,
): Promise<number> {
  const begun = performance.now();
  while (performance.now() - begun < 90_000) {
    const stored = await records.get({ owner: 'key-ann', videoId });
    if (stored && isTerminal(stored.record)) {
      return stored.record.state === VideoState.DONE ? performance.now() - begun : Number.NaN;
    }
    await delay(50);
  }
  return Number.NaN;
}
