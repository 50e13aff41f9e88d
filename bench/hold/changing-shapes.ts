import { Video_State } from '@cinematica/protocol/v1';
import { setTimeout as delay } from 'node:timers/promises';
import { watchToEnd } from '../../test/support/api.ts';
import { fieldPhoto } from '../../test/support/field-photo.ts';
import { STAGE_SERVICES, startRealSystem } from '../../test/support/real-system.ts';
import type { RealSystem } from '../../test/support/real-system.ts';
import { seededRandom } from '../../test/support/seeded-random.ts';
import { residentMiB } from './support/processes.ts';
import { outcome } from './support/row.ts';
import type { Family } from './support/row.ts';
import { slope } from './support/statistics.ts';

const VIDEOS = 60;
/** The growth over all videos that counts as flat. MiB. */
const MAX_GROWTH = 50;

export const changingShapes: Family = {
  rows: [
    {
      id: 'SHAPES',
      what: `memory of every process of the real system while ${VIDEOS} videos of changing shapes are made`,
      target: `≤ +${MAX_GROWTH} MiB from the second third to the last one`,
    },
  ],
  async run({ seed }) {
    await using system = await startRealSystem({ UNDO_MS: '500', MAX_ACTIVE_PER_OWNER: '1000' });
    const client = system.client('ann');
    const source = { case: 'image' as const, value: await fieldPhoto() };
    const random = seededRandom(seed);
    const side = () => 64 * (1 + Math.floor(random() * 4));
    const samples: Record<string, number>[] = [];
    for (let i = 0; i < VIDEOS; i++) {
      const shape = { case: 'size' as const, value: { width: side(), height: side() } };
      const frames = 2 + Math.floor(random() * 8);
      const settings = { frames, steps: 2, minGuidance: 1, maxGuidance: 1, shape };
      const { name } = (await client.createVideo({ source, settings })).video!;
      const story = await watchToEnd(client, name);
      if (story.at(-1)?.video?.state !== Video_State.DONE) throw new Error(`${name} is not done`);
      await client.deleteVideo({ name });
      samples.push(await memoryOf(system));
      if (i % 10 === 9) console.error(`› ${i + 1} videos: ${JSON.stringify(samples.at(-1))}`);
    }
    await delay(1_000);
    const names = Object.keys(samples.at(-1)!);
    const part = (from: number, to: number, name: string) =>
      mean(samples.slice(from, to).map((sample) => sample[name] ?? 0));
    const growths = names.map((name) => {
      const third = VIDEOS / 3;
      return [name, part(2 * third, VIDEOS, name) - part(third, 2 * third, name)] as const;
    });
    const most = Math.max(...growths.map(([, growth]) => growth));
    const peaks = names.map((name) => Math.max(...samples.map((sample) => sample[name] ?? 0)));
    const lines = growths.map(([name, growth], index) => {
      const perTen = 10 * slope(samples.slice(VIDEOS / 3).map((sample, at) => [at, sample[name] ?? 0] as const));
      return `${name} ${signed(growth)} (peak ${peaks[index]!.toFixed(0)}, slope ${signed(perTen)} per 10)`;
    });
    return [outcome('SHAPES', most <= MAX_GROWTH, `${lines.join(', ')} MiB`)];
  },
};

/** The resident memory of each service with its children, and of NATS. MiB. */
async function memoryOf(system: RealSystem): Promise<Record<string, number>> {
  const memory: Record<string, number> = {};
  for (const name of ['gateway', ...STAGE_SERVICES] as const) {
    const pid = await system.pid(name);
    if (pid !== null) memory[name] = Math.round(residentMiB(pid));
    for (const child of await system.children(name)) {
      try {
        memory[`${name}’s child`] = Math.round(residentMiB(child));
      } catch {
        // It has just ended.
      }
    }
  }
  const nats = await system.pid('nats');
  if (nats !== null) memory.nats = Math.round(residentMiB(nats));
  return memory;
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const signed = (value: number): string => `${value >= 0 ? '+' : ''}${value.toFixed(0)}`;
