import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestNats } from '../../../../test/support/nats-server.ts';
import type { TestNats } from '../../../../test/support/nats-server.ts';
import { VideoState } from '../domain/messages.ts';
import { provision } from './provision.ts';
import { edit } from '../testing/edit.ts';
import { openTestSystem, TEST_MODEL, testSettings } from '../testing/system.ts';
import type { TestSystem } from '../testing/system.ts';
import { changed, UnknownVideoError } from '../domain/ports/records.ts';
import { cancelVideo } from '../domain/video/video-changes.ts';

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

test('updateFrom writes without a read when the revision is the newest, and does not modify the given record', async () => {
  const known = await system.add('photo');
  const {
    stored: { revision, record },
  } = await system.records.updateFrom(
    known,
    edit((now) => void (now.plan!.seed = 7)),
  );
  expect(record.plan!.seed).toBe(7);
  expect(record.previousRevision).toBe(BigInt(known.revision));
  expect(known.record.plan!.seed).not.toBe(7);
  expect(await system.records.get(record)).toMatchObject({ record: { plan: { seed: 7 } }, revision });
});

test('updateFrom applies the change to the newest record when the given revision is outdated', async () => {
  const known = await system.add('photo');
  await system.records.update(known.record, cancelVideo);
  const seen: VideoState[] = [];
  const updated = await system.records.updateFrom(
    known,
    edit((now) => {
      seen.push(now.state);
      now.plan!.seed = 7;
    }),
  );
  expect(seen).toEqual([known.record.state, VideoState.CANCELLED]);
  expect(updated.stored.record).toMatchObject({ state: VideoState.CANCELLED, plan: { seed: 7 } });

  // A change that does not apply to the given revision may apply to the newest one.
  const { stored, result } = await system.records.updateFrom(known, ({ state }) => ({
    changed: state === VideoState.CANCELLED,
    result: state,
  }));
  expect(stored.record.state).toBe(VideoState.CANCELLED);
  expect(result).toBe(VideoState.CANCELLED);
  const refuse = () => {
    throw new Error('not this one');
  };
  await expect(system.records.updateFrom(known, refuse)).rejects.toThrow('not this one');
  await system.records.purge(known.record);
  await expect(system.records.updateFrom(known, () => changed())).rejects.toThrow(UnknownVideoError);
});
