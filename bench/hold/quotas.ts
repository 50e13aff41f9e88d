import { setTimeout as delay } from 'node:timers/promises';
import { Code, ConnectError } from '@connectrpc/connect';
import { isTerminal, LIFETIMES, pipelineSettingsSchema, RECORDS_BUCKET } from '@cinematica/pipeline';
import { Kvm } from '@nats-io/kv';
import { connect } from '@nats-io/transport-node';
import { idOf, watchToEnd } from '../../test/support/api.ts';
import { outcome } from './support/row.ts';
import type { Family } from './support/row.ts';
import { seconds } from './support/statistics.ts';
import { startStubSystem } from './support/stub-system.ts';
import type { StubSystem } from './support/stub-system.ts';

const LIMIT = 5;
const CALLS = 200;
const MAX_DELETION_MS = 60_000;
/** The default of how long a deletion can be undone. Milliseconds. */
const { UNDO_MS } = pipelineSettingsSchema.parse({});

export const quotas: Family = {
  rows: [
    {
      id: 'S17',
      what: `unfinished videos of a caller with a limit of ${LIMIT} and ${CALLS} calls together; from DeleteVideo until nothing of the video is left, with the default time to undo it`,
      target: `≤ ${LIMIT}; ≤ 60 s`,
    },
  ],
  async run() {
    await using system = await startStubSystem({ env: { MAX_ACTIVE_PER_OWNER: String(LIMIT) }, stepMilliseconds: 100 });
    const client = system.gateway.client();
    const source = { case: 'image' as const, value: system.photo };
    const codes = await Promise.all(
      Array.from({ length: CALLS }, () =>
        client.createVideo({ source }).then(
          () => null,
          (error: unknown) => ConnectError.from(error).code,
        ),
      ),
    );
    const accepted = codes.filter((code) => code === null).length;
    const refused = codes.filter((code) => code === Code.ResourceExhausted).length;
    const active = await activeVideos(system);
    const videos = await client.listVideos({});
    for (const { name } of videos.videos) await client.cancelVideo({ name }).catch(() => undefined);
    const name = (await client.createVideo({ source, settings: { frames: 2, steps: 1 } })).video!.name;
    await watchToEnd(client, name);
    await client.deleteVideo({ name });
    const deletion = await untilGone(system, idOf({ name }));
    const met = accepted <= LIMIT && active <= LIMIT && refused === CALLS - accepted && deletion <= MAX_DELETION_MS;
    const figure = `${accepted} accepted, ${refused} refused; ${seconds(deletion)}, of which ${seconds(UNDO_MS)} to undo it`;
    return [outcome('S17', met, figure)];
  },
};

async function activeVideos({ gateway }: StubSystem): Promise<number> {
  const stored = await Promise.all((await gateway.videos()).map((ref) => gateway.records.get(ref)));
  return stored.filter((each) => each !== null && !isTerminal(each.record)).length;
}

/** @returns how long it takes until no bucket has an object or a key with the id. Milliseconds. */
async function untilGone({ gateway }: StubSystem, videoId: string): Promise<number> {
  const nats = await connect({ servers: gateway.nats.url });
  const begun = performance.now();
  try {
    const records = await new Kvm(nats).open(RECORDS_BUCKET);
    for (;;) {
      const keys: string[] = [];
      for await (const key of await records.keys()) keys.push(key);
      const objects = (await Promise.all(LIFETIMES.map((lifetime) => gateway.artifacts.list(lifetime)))).flat();
      const left = [...keys, ...objects].filter((name) => name.includes(videoId));
      if (left.length === 0 || performance.now() - begun > 240_000) return performance.now() - begun;
      await delay(250);
    }
  } finally {
    await nats.close();
  }
}
