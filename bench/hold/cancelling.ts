import { setTimeout as delay } from 'node:timers/promises';
import { isTerminal, VideoState } from '@cinematica/pipeline';
import { seededRandom } from '../../test/support/seeded-random.ts';
import { idOf } from '../../test/support/api.ts';
import { outcome } from './support/row.ts';
import type { Family } from './support/row.ts';
import { ms, quantile } from './support/statistics.ts';
import { startStubSystem } from './support/stub-system.ts';
import type { StubSystem } from './support/stub-system.ts';

const STEP_MS = 50;
const LIMIT_MS = STEP_MS + 250;

export const cancelling: Family = {
  rows: [
    {
      id: 'R11',
      what: 'from CancelVideo to CANCELLED, p99; commits, and steps that begin later than one step + 250 ms after it',
      target: `≤ ${LIMIT_MS} ms; 0; 0`,
    },
  ],
  async run({ seed, full }) {
    await using system = await startStubSystem({ stepMilliseconds: STEP_MS });
    const random = seededRandom(seed);
    const videos = full ? 200 : 100;
    const results: Cancelled[] = [];
    const waiting = Array.from({ length: videos }, (_, index) => index);
    const cancelSome = async () => {
      while (waiting.pop() !== undefined) results.push(await cancelOne(system, random));
    };
    await Promise.all([cancelSome(), cancelSome(), cancelSome()]);
    const cancelled = results.filter(({ state }) => state === VideoState.CANCELLED);
    const p99 = quantile(
      cancelled.map(({ time }) => time),
      0.99,
    );
    const sum = (of: (result: Cancelled) => number) => cancelled.reduce((total, result) => total + of(result), 0);
    const [commits, steps] = [sum(({ laterRevisions }) => laterRevisions), sum(({ laterSteps }) => laterSteps)];
    const figure = `p99 ${ms(p99)}; ${commits} commits, ${steps} steps; ${cancelled.length} cancelled, ${videos - cancelled.length} were done before`;
    return [outcome('R11', p99 <= LIMIT_MS && commits === 0 && steps === 0, figure)];
  },
};

interface Cancelled {
  readonly state: VideoState;
  /** Milliseconds. */
  readonly time: number;
  /** Changes of the record after it was CANCELLED. */
  readonly laterRevisions: number;
  /** Steps that began later than {@link LIMIT_MS} after the call. */
  readonly laterSteps: number;
}

async function cancelOne(system: StubSystem, random: () => number): Promise<Cancelled> {
  const { gateway, photo } = system;
  const client = gateway.client();
  const settings = { frames: 4, steps: 10 };
  const { video } = await client.createVideo({ source: { case: 'image', value: photo }, settings });
  const ref = { owner: 'key-ann', videoId: idOf(video!) };
  await delay(random() * 2_000);
  const begun = performance.now();
  await client.cancelVideo({ name: video!.name }).catch(() => undefined);
  const stepsOf = async () => (await system.steps()).filter((line) => line.startsWith(ref.videoId)).length;
  const stored = await until(async () => {
    const current = await gateway.records.get(ref);
    return current && isTerminal(current.record) ? current : null;
  });
  const time = performance.now() - begun;
  await delay(Math.max(0, LIMIT_MS - time));
  const before = await stepsOf();
  await delay(500);
  const history = await gateway.records.history(ref);
  const end = history.findIndex(({ record }) => isTerminal(record));
  return {
    time,
    state: stored.record.state,
    laterRevisions: history.length - 1 - end,
    laterSteps: (await stepsOf()) - before,
  };
}

async function until<T>(read: () => Promise<T | null>): Promise<T> {
  for (;;) {
    const value = await read();
    if (value !== null) return value;
    await delay(5);
  }
}
