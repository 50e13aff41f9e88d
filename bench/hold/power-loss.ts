import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { isTerminal, VideoState } from '@cinematica/pipeline';
import { idOf } from '../../test/support/api.ts';
import { createPowerLossDisk } from './support/power-loss-disk.ts';
import type { PowerLossDisk } from './support/power-loss-disk.ts';
import { outcome, skipped } from './support/row.ts';
import type { Family } from './support/row.ts';
import { startStubSystem } from './support/stub-system.ts';
import type { StubSystem } from './support/stub-system.ts';

/** How long videos are created before the power is cut. Milliseconds. */
const CREATING_MS = 8_000;

export const powerLoss: Family = {
  rows: [
    {
      id: 'R9',
      what: 'accepted videos lost when the disk of NATS loses its power and all unsynced writes',
      target: '0',
    },
  ],
  async run({ full }) {
    let disk: PowerLossDisk;
    try {
      disk = createPowerLossDisk();
    } catch (error) {
      return [skipped('R9', `mounting a loop device needs root and ext4: ${String(error).split('\n')[0]}`)];
    }
    using _ = disk;
    const control = await cutPower(disk, 1, '2m');
    using second = createPowerLossDisk();
    const real = await cutPower(second, full ? 20 : 3, 'always');
    const figure = `${real.lost} of ${real.accepted} in ${real.cuts} cuts; with NATS' default sync_interval of 2m: ${control.lost} of ${control.accepted}`;
    if (control.lost === 0)
      return [outcome('R9', false, `the control lost nothing, so the cut is not real: ${figure}`)];
    return [outcome('R9', real.lost === 0, figure)];
  },
};

async function cutPower(disk: PowerLossDisk, cuts: number, syncInterval: string) {
  await using system = await startStubSystem({
    env: { ACK_WAIT_MS: '2000', REQUEST_TIMEOUT_MS: '2000', RECONCILE_MS: '500' },
    nats: { folder: disk.folder, syncInterval },
  });
  const { gateway } = system;
  let [lost, accepted] = [0, 0];
  for (let cut = 0; cut < cuts; cut++) {
    const ids = new Set<string>();
    const stop = new AbortController();
    const creating = [1, 2, 3].map(() => createUntil(system, ids, stop.signal));
    await delay(CREATING_MS);
    process.kill(gateway.nats.pid, 'SIGSTOP');
    // Answers that are on their way were given before the cut.
    await delay(20);
    const acknowledged = [...ids];
    const restore = disk.cutPower();
    stop.abort();
    await gateway.nats.kill();
    restore();
    await gateway.nats.start();
    await Promise.all(creating);
    accepted += acknowledged.length;
    lost += await countLost(system, acknowledged);
    if (lost > 0) break;
  }
  return { lost, accepted, cuts };
}

async function createUntil({ gateway, photo }: StubSystem, ids: Set<string>, signal: AbortSignal): Promise<void> {
  const client = gateway.client();
  while (!signal.aborted) {
    try {
      const source = { case: 'image' as const, value: photo };
      const request = { source, settings: { frames: 2, steps: 2 }, requestId: randomUUID() };
      const { video } = await client.createVideo(request, { signal });
      ids.add(idOf(video!));
    } catch {
      // The power was cut during the call, so it is not accepted.
    }
  }
}

/** Videos that are not made within a minute after the cut. */
async function countLost({ gateway }: StubSystem, ids: readonly string[]): Promise<number> {
  let waiting = [...ids];
  for (let tries = 0; tries < 120 && waiting.length > 0; tries++) {
    const states = await Promise.all(
      waiting.map(async (videoId) => {
        const stored = await gateway.records.get({ owner: 'key-ann', videoId }).catch(() => null);
        return stored !== null && isTerminal(stored.record) ? stored.record.state : null;
      }),
    );
    waiting = waiting.filter((_, index) => states[index] !== VideoState.DONE);
    // Records that do not exist do not come back.
    if (tries > 20 && states.every((state) => state === null || state === VideoState.DONE)) {
      const gone = await Promise.all(
        waiting.map((videoId) => gateway.records.get({ owner: 'key-ann', videoId }).catch(() => null)),
      );
      if (gone.every((stored) => stored === null)) break;
    }
    if (waiting.length > 0) await delay(500);
  }
  return waiting.length;
}
