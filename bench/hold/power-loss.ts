import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { MODEL } from '@cinematica/gateway/testing/gateway';
import { connectNats, isTerminal, pipelineSettingsSchema, provision, VideoState } from '@cinematica/pipeline';
import { openNamedCheckpoint } from '@cinematica/pipeline/model';
import { idOf } from '../../test/support/api.ts';
import { createPowerLossDisk } from './support/power-loss-disk.ts';
import type { PowerLossDisk } from './support/power-loss-disk.ts';
import { outcome, skipped } from './support/row.ts';
import type { Family } from './support/row.ts';
import { startStubSystem } from './support/stub-system.ts';
import type { StubSystem } from './support/stub-system.ts';

/** How long videos are created before the power is cut. Milliseconds. */
const CREATING_MS = 8_000;
const ENV = { ACK_WAIT_MS: '2000', REQUEST_TIMEOUT_MS: '2000', RECONCILE_MS: '500' };

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
    using first = disk;
    const control = await cutPower(first, 1, '2m');
    using second = createPowerLossDisk();
    const real = await cutPower(second, full ? 20 : 3, 'always');
    const reasons = [...new Set(real.lost)].join(', ');
    const figure = `${real.lost.length} of ${real.accepted} in ${real.cuts} cuts${reasons ? ` (${reasons})` : ''}; with NATS' default sync_interval of 2m: ${control.lost.length} of ${control.accepted} in 1 cut`;
    if (control.lost.length === 0)
      return [outcome('R9', false, `the control lost nothing, so the cut is not real: ${figure}`)];
    return [outcome('R9', real.lost.length === 0, figure)];
  },
};

async function cutPower(disk: PowerLossDisk, cuts: number, syncInterval: string) {
  await using system = await startStubSystem({
    env: ENV,
    nats: { folder: disk.folder, syncInterval },
  });
  const { gateway } = system;
  let accepted = 0;
  const lost: string[] = [];
  // The system has run for longer than the kernel keeps unsynced writes in memory.
  execFileSync('sync', ['-f', disk.folder]);
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
    // As the launcher does whenever it starts the system.
    await provisionAgain(system);
    accepted += acknowledged.length;
    lost.push(...(await findLost(system, acknowledged)));
  }
  return { lost, accepted, cuts };
}

async function provisionAgain({ gateway }: StubSystem): Promise<void> {
  const nats = await connectNats('test', { NATS_URL: gateway.nats.url });
  const { ref } = await openNamedCheckpoint(MODEL);
  await provision(nats, pipelineSettingsSchema.parse(ENV), [ref]);
  await nats.close();
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

/** Videos that are not made within a minute after the cut, and what they are instead. */
async function findLost({ gateway }: StubSystem, ids: readonly string[]): Promise<string[]> {
  const stateOf = async (videoId: string): Promise<string> => {
    const stored = await gateway.records.get({ owner: 'key-ann', videoId }).catch(() => undefined);
    if (stored === undefined) return 'NATS does not answer';
    if (stored === null) return 'no record';
    const { state, failure } = stored.record;
    if (state === VideoState.DONE) return 'done';
    return isTerminal(stored.record) ? `failed: ${failure?.message ?? ''}` : 'not finished';
  };
  let states: string[] = [];
  for (let tries = 0; tries < 60; tries++) {
    states = await Promise.all(ids.map(stateOf));
    if (states.every((state) => state === 'done')) break;
    // Records that do not exist do not come back.
    if (tries > 10 && states.every((state) => state === 'done' || state === 'no record')) break;
    await delay(1_000);
  }
  return states.filter((state) => state !== 'done');
}
