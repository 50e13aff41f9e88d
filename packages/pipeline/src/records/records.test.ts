import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestNats } from '../../../../test/support/nats-server.ts';
import type { TestNats } from '../../../../test/support/nats-server.ts';
import { VideoState } from '../messages.ts';
import { provision } from '../provision.ts';
import { openTestSystem, TEST_MODEL, testSettings } from '../testing/system.ts';
import type { TestSystem } from '../testing/system.ts';
import { UnknownVideoError } from './records.ts';
import { cancelVideo } from './video-changes.ts';

let server: TestNats;
let system: TestSystem;
beforeAll(async () => {
  server = await startTestNats();
  system = await openTestSystem(server.url, 'test', testSettings());
  await provision(system.nats, system.settings, [TEST_MODEL]);
});
afterAll(async () => {
  await system[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

test('a change from a known revision is written without reading it, and leaves what was known as it was', async () => {
  const known = await system.add('photo');
  const { revision, record } = await system.records.updateFrom(known, (now) => void (now.plan!.seed = 7));
  expect(record.plan!.seed).toBe(7);
  expect(record.previousRevision).toBe(BigInt(known.revision));
  expect(known.record.plan!.seed).not.toBe(7);
  expect(await system.records.get(record)).toMatchObject({ record: { plan: { seed: 7 } }, revision });
});

test('a change from a revision that is the newest no more is made to what really is', async () => {
  const known = await system.add('photo');
  await system.records.update(known.record, cancelVideo);
  const seen: VideoState[] = [];
  const changed = await system.records.updateFrom(known, (now) => {
    seen.push(now.state);
    now.plan!.seed = 7;
  });
  expect(seen).toEqual([known.record.state, VideoState.CANCELLED]);
  expect(changed.record).toMatchObject({ state: VideoState.CANCELLED, plan: { seed: 7 } });

  // What does not apply to the known one may apply to the real one, and the other way round.
  const still = await system.records.updateFrom(known, ({ state }) => state === VideoState.CANCELLED);
  expect(still.record.state).toBe(VideoState.CANCELLED);
  const refuse = () => {
    throw new Error('not this one');
  };
  await expect(system.records.updateFrom(known, refuse)).rejects.toThrow('not this one');
  await system.records.purge(known.record);
  await expect(system.records.updateFrom(known, () => true)).rejects.toThrow(UnknownVideoError);
});
