import { setTimeout as delay } from 'node:timers/promises';
import { Video_State } from '@cinematica/protocol/v1';
import type { VideoEvent } from '@cinematica/protocol/v1';
import { idOf, untilAnswered, watchToEnd } from '../../test/support/api.ts';
import { fieldPhoto } from '../../test/support/field-photo.ts';
import { killHard } from '../../test/support/kill-hard.ts';
import { ownerOf, startRealSystem } from '../../test/support/real-system.ts';
import type { RealSystem } from '../../test/support/real-system.ts';
import { outcome } from './support/row.ts';
import type { Family } from './support/row.ts';

const VIDEOS = 10;
const WATCHERS_OF_EACH = 4;
const ROUNDS = 5;

export const interruptedWatches: Family = {
  rows: [
    {
      id: 'R21',
      what: 'watchers that resume after kills of NATS and of the gateway: last events, other events, order',
      target: '0 missed; 0 missed; 0 backwards',
    },
  ],
  async run() {
    await using system = await startRealSystem({ MAX_FAILURES: '50', MAX_ACTIVE_PER_OWNER: '1000' });
    const client = system.client('ann');
    const source = { case: 'image' as const, value: await fieldPhoto() };
    const shape = { case: 'size' as const, value: { width: 64, height: 64 } };
    const settings = { frames: 8, steps: 25, minGuidance: 1, maxGuidance: 1, shape };
    const names: string[] = [];
    for (let i = 0; i < VIDEOS; i++) names.push((await client.createVideo({ source, settings })).video!.name);
    let open = VIDEOS * WATCHERS_OF_EACH;
    const stories = Promise.all(
      names.flatMap((name) =>
        Array.from({ length: WATCHERS_OF_EACH }, async () => {
          const story = await watchToEnd(client, name);
          open--;
          return { name, story };
        }),
      ),
    );
    let kills = 0;
    for (let round = 0; round < ROUNDS && open > 0; round++) {
      for (const service of ['nats', 'gateway'] as const) {
        await delay(2_000);
        const pid = await system.pid(service);
        if (pid !== null && killHard(pid)) kills++;
      }
    }
    const seen = await stories;
    let [noEnd, missing, backwards] = [0, 0, 0];
    for (const { name, story } of seen) {
      const revisions = await revisionsOf(system, name);
      const sequences = story.map(({ sequence }) => Number(sequence));
      if (story.at(-1)?.video?.state !== Video_State.DONE) noEnd++;
      missing += missed(revisions, sequences, story);
      if (sequences.some((sequence, at) => at > 0 && sequence <= sequences[at - 1]!)) backwards++;
    }
    const figure = `${noEnd}; ${missing}; ${backwards} of ${seen.length} watches, ${kills} kills`;
    return [outcome('R21', noEnd === 0 && missing === 0 && backwards === 0, figure)];
  },
};

async function revisionsOf(system: RealSystem, name: string): Promise<number[]> {
  const ref = { owner: ownerOf('ann'), videoId: idOf({ name }) };
  return (await untilAnswered(() => system.records.history(ref))).map(({ revision }) => revision);
}

/** Revisions that a watcher did not see, except those that a snapshot has replaced. */
function missed(revisions: readonly number[], seen: readonly number[], story: readonly VideoEvent[]): number {
  const known = new Set(seen);
  const snapshots = story.filter(({ snapshot }) => snapshot).map(({ sequence }) => Number(sequence));
  const last = Math.max(0, ...snapshots);
  return revisions.filter((revision) => !known.has(revision) && revision > last).length;
}
