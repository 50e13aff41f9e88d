import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { jetstreamManager } from '@nats-io/jetstream';
import type { JetStreamManager } from '@nats-io/jetstream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestNats } from '../../../../test/support/nats-server.ts';
import type { TestNats } from '../../../../test/support/nats-server.ts';
import { createQuotas, forgetQuotas } from '../gateway/quota.ts';
import { QuotaRecordSchema, VideoState } from '../messages.ts';
import type { VideoRecord } from '../messages.ts';
import { quotaKey, RECORDS_STREAM, requestKey, videoKey } from '../names.ts';
import { provision } from '../provision.ts';
import { openRequests } from '../records/requests.ts';
import { openTestSystem, TEST_MODEL, testSettings } from '../testing/system.ts';
import type { TestSystem } from '../testing/system.ts';
import { openVideoTable } from '../watch/video-table.ts';
import { removeMarkers, trimHistories } from './trim-bucket.ts';

const HOUR = 3_600_000;
const settings = testSettings();
let server: TestNats;
let system: TestSystem;
let manager: JetStreamManager;

beforeAll(async () => {
  server = await startTestNats();
  system = await openTestSystem(server.url, 'test', settings);
  await provision(system.nats, settings, [TEST_MODEL]);
  manager = await jetstreamManager(system.nats);
});
afterAll(async () => {
  await system[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

/** How many messages the bucket holds of a key. */
async function held(key: string): Promise<number> {
  const { state } = await manager.streams.info(RECORDS_STREAM, { subjects_filter: `$KV.videos.${key}` });
  return state.subjects?.[`$KV.videos.${key}`] ?? 0;
}

test('of a video that finished a while ago its last record stays, of others every change', async () => {
  const add = async (finishedAgo: number | null): Promise<VideoRecord> => {
    const { record } = await system.add('trimmed');
    for (let photoWidth = 1; photoWidth <= 20; photoWidth++) {
      await system.records.update(record, (now) => Object.assign(now, { photoWidth }));
    }
    if (finishedAgo !== null) {
      await system.records.update(record, (now) => {
        now.state = VideoState.DONE;
        now.endTime = timestampFromMs(Date.now() - finishedAgo);
      });
    }
    return record;
  };
  const [running, fresh, old] = [await add(null), await add(0), await add(2 * settings.HISTORY_MS)];
  await using table = await openVideoTable(system.records, system.log);
  const before = await system.records.get(old);
  expect(await trimHistories({ table, settings }, manager)).toBe(21);
  const counts = await Promise.all([running, fresh, old].map(({ owner, videoId }) => held(videoKey(owner, videoId))));
  expect(counts).toEqual([21, 22, 1]);
  expect(await system.records.get(old)).toEqual(before);
  expect(await trimHistories({ table, settings }, manager)).toBe(0);
  // It can still be changed.
  expect((await system.records.update(old, (now) => Object.assign(now, { photoWidth: 99 }))).record.photoWidth).toBe(
    99,
  );
});

test('nothing is left of what was purged, and what was written again stays', async () => {
  const { bucket } = system.records;
  const requests = openRequests(bucket);
  const { record } = await system.add('purged');
  const { owner, videoId } = record;
  await requests.open(owner, videoId, Buffer.from('body'), videoId);
  await system.records.purge(record);
  expect(await requests.forget(-1)).toBe(1);
  await bucket.put('q.again', 'one');
  await bucket.purge('q.again');
  await bucket.put('q.again', 'two');
  const gone = [videoKey(owner, videoId), requestKey(owner, videoId)];
  expect(await Promise.all(gone.map(held))).toEqual([1, 1]);

  expect(await removeMarkers(bucket, manager, HOUR)).toBe(0);
  expect(await removeMarkers(bucket, manager, 0)).toBe(2);
  expect(await Promise.all(gone.map(held))).toEqual([0, 0]);
  expect((await bucket.get('q.again'))?.string()).toBe('two');
  await bucket.purge('q.again');
});

test('quotas of callers who have nothing to do with us today are removed, and begin anew', async () => {
  const { bucket } = system.records;
  const { record } = await system.add('busy', {}, 'busy');
  await using table = await openVideoTable(system.records, system.log);
  const find = (videoId: string) => table.videos.get(videoId);
  const quotas = createQuotas(bucket, find, settings);
  const count = (owner: string, videoId: string) => quotas.take(owner, videoId);
  await count('today', '00000000-0000-7000-8000-000000000001');
  await count('idle', '00000000-0000-7000-8000-000000000002');
  await count('busy', record.videoId);
  for (const owner of ['idle', 'busy']) {
    const entry = await bucket.get(quotaKey(owner));
    const quota = fromBinary(QuotaRecordSchema, entry!.value);
    await bucket.put(quotaKey(owner), toBinary(QuotaRecordSchema, { ...quota, day: quota.day - 1 }));
  }
  expect(await forgetQuotas(bucket, find)).toBe(1);
  const left = await Promise.all(
    ['today', 'idle', 'busy'].map(async (owner) => (await bucket.get(quotaKey(owner)))?.operation),
  );
  expect(left).toEqual(['PUT', 'PURGE', 'PUT']);
  await count('idle', '00000000-0000-7000-8000-000000000003');
  const entry = await bucket.get(quotaKey('idle'));
  expect(fromBinary(QuotaRecordSchema, entry!.value).videosToday).toBe(1);
});
