import { setTimeout as delay } from 'node:timers/promises';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import type { NatsConnection } from '@nats-io/transport-node';
import { bucketStream, LIFETIMES, RECORDS_STREAM, STAGES, stageName, workStream } from '@cinematica/pipeline';
import { Video_State } from '@cinematica/protocol/v1';
import { watchToEnd } from '../../test/support/api.ts';
import type { VideoClient } from '../../test/support/real-system.ts';
import { openFiles, residentMiB } from './support/processes.ts';
import { outcome } from './support/row.ts';
import type { Family } from './support/row.ts';
import { slope } from './support/statistics.ts';
import { startStubSystem } from './support/stub-system.ts';
import type { StubSystem } from './support/stub-system.ts';

/** Watches of a video that end before it does, as of pages that are closed. */
const SHORT_WATCHES = 3;
const TOGETHER = 8;
/** Memory is still growing to its working size during this share of the videos. */
const WARM_UP = 0.3;
/** MiB per 1,000 videos. */
const MAX_SLOPE = 1;

interface Sample {
  readonly videos: number;
  readonly memory: Readonly<Record<string, number>>;
  readonly files: Readonly<Record<string, number>>;
}

export const soak: Family = {
  rows: [
    {
      id: 'R23',
      what: 'memory of the gateway and each stage in a soak of small videos, each watched four times and deleted; files; store',
      target: '≤ 1 MiB per 1,000 videos; flat; back to the start',
    },
  ],
  async run({ full }) {
    const videos = full ? 10_000 : 1_000;
    await using system = await startStubSystem({
      env: {
        // The default. The list of unfinished videos of a caller grows to this length before it is cleared of ended ones.
        MAX_ACTIVE_PER_OWNER: '100',
        UNDO_MS: '500',
        COLLECT_MS: '2000',
        HISTORY_MS: '1000',
        ORPHAN_AGE_MS: '5000',
        RECONCILE_MS: '1000',
        NODE_OPTIONS: '--max-semi-space-size=4',
      },
      stepMilliseconds: 0,
    });
    const nats = await connect({ servers: system.gateway.nats.url });
    await makeVideos(system, 20, () => undefined);
    const before = await settledStore(nats, null);
    const samples: Sample[] = [];
    await makeVideos(system, videos, (made) => {
      if (made % (videos / 20) !== 0) return;
      samples.push(sample(system, made));
      console.error(`› ${made} videos: ${describe(samples.at(-1)!.memory)}`);
    });
    const after = await settledStore(nats, before);
    await nats.close();

    const warm = samples.filter(({ videos: made }) => made >= WARM_UP * videos);
    const slopes = Object.keys(warm[0]!.memory).map((name) => {
      const points = warm.map(({ videos: made, memory }) => [made / 1_000, memory[name]!] as const);
      return [name, slope(points)] as const;
    });
    const [first, last] = [warm[0]!, warm.at(-1)!];
    const moreFiles = Object.keys(first.files).map((name) => last.files[name]! - first.files[name]!);
    const steepest = Math.max(...slopes.filter(([name]) => name !== 'nats').map(([, value]) => value));
    const left = Object.entries(after).filter(([name, count]) => count > before[name]!);
    const met = steepest <= MAX_SLOPE && Math.max(...moreFiles) <= 5 && left.length === 0;
    const figure = `${videos} videos: ${slopes.map(([name, value]) => `${name} ${value >= 0 ? '+' : ''}${value.toFixed(2)}`).join(', ')} MiB per 1,000; files ${Math.max(...moreFiles) > 0 ? '+' : ''}${Math.max(...moreFiles)}; ${left.length === 0 ? 'back' : JSON.stringify(Object.fromEntries(left))}`;
    return [outcome('R23', met, figure)];
  },
};

async function makeVideos(system: StubSystem, count: number, made: (videos: number) => void): Promise<void> {
  const client = system.gateway.client();
  const source = { case: 'image' as const, value: system.photo };
  let [begun, ended] = [0, 0];
  const work = async () => {
    while (begun++ < count) {
      const { name } = (await client.createVideo({ source, settings: { frames: 2, steps: 1 } })).video!;
      const short = Array.from({ length: SHORT_WATCHES }, () => watchBriefly(client, name));
      const story = await watchToEnd(client, name);
      await Promise.all(short);
      if (story.at(-1)?.video?.state !== Video_State.DONE) throw new Error(`${name} is not done`);
      await client.deleteVideo({ name });
      made(++ended);
    }
  };
  await Promise.all(Array.from({ length: TOGETHER }, work));
}

/** Watches until the first response. */
async function watchBriefly(client: VideoClient, name: string): Promise<void> {
  const ending = new AbortController();
  try {
    const responses = client.watchVideo({ name }, { signal: ending.signal })[Symbol.asyncIterator]();
    await responses.next();
    ending.abort();
    await responses.next();
  } catch {
    // It was aborted.
  }
}

function sample({ gateway, fleet }: StubSystem, videos: number): Sample {
  const pids: Record<string, number> = { gateway: gateway.pid, nats: gateway.nats.pid };
  for (const stage of STAGES) pids[stageName(stage)] = fleet.pid(stageName(stage));
  const each = (measure: (pid: number) => number) =>
    Object.fromEntries(Object.entries(pids).map(([name, pid]) => [name, measure(pid)]));
  return { videos, memory: each(residentMiB), files: each(openFiles) };
}

const describe = (memory: Readonly<Record<string, number>>): string =>
  Object.entries(memory)
    .map(([name, mib]) => `${name} ${mib.toFixed(0)}`)
    .join(', ');

/** Messages and consumers of each stream, once they are as few as before, or after a minute. */
async function settledStore(nats: NatsConnection, wanted: Readonly<Record<string, number>> | null) {
  const manager = await jetstreamManager(nats, { checkAPI: false });
  const streams = [...STAGES.map(workStream), ...LIFETIMES.map(bucketStream), RECORDS_STREAM];
  for (let tries = 0; ; tries++) {
    const counts: Record<string, number> = {};
    for (const stream of streams) {
      const { state } = await manager.streams.info(stream);
      counts[stream] = state.messages;
      counts[`${stream} consumers`] = state.consumer_count;
    }
    const isSettled = wanted
      ? Object.entries(counts).every(([name, count]) => count <= wanted[name]!)
      : Object.entries(counts).every(([name, count]) => count === 0 || !name.startsWith('OBJ') || name.endsWith('s'));
    if (isSettled && tries > 5) return counts;
    if (tries === 60) return counts;
    await delay(1_000);
  }
}
