import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { jetstreamManager } from '@nats-io/jetstream';
import type { JetStreamManager } from '@nats-io/jetstream';
import type { KV } from '@nats-io/kv';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestNats } from '../../../../test/support/nats-server.ts';
import type { TestNats } from '../../../../test/support/nats-server.ts';
import { createQuotas, removeIdleQuotas } from '../domain/admission/quotas.ts';
import { trimHistories } from '../domain/housekeeping/trim-histories.ts';
import { QuotaRecordSchema, VideoState } from '../domain/messages.ts';
import type { VideoRecord } from '../domain/messages.ts';
import type { Maintenance } from '../domain/ports/maintenance.ts';
import { quotaKey, RECORDS_BUCKET, RECORDS_STREAM, requestKey, videoKey } from '../nats/names.ts';
import { provision } from '../nats/provision.ts';
import { openAdmissionPorts } from '../nats/admission-ports.ts';
import { openBucket } from '../nats/bucket.ts';
import { createMaintenance } from '../nats/maintenance.ts';
import { openTestSystem, TEST_MODEL, testSettings } from './system.ts';
import type { TestSystem } from './system.ts';
import { openVideoTable } from '../nats/video-table.ts';
import { edit } from './edit.ts';

const HOUR = 3_600_000;
const settings = testSettings();
let server: TestNats;
let system: TestSystem;
let manager: JetStreamManager;
let bucket: KV;
let ports: Awaited<ReturnType<typeof openAdmissionPorts>>;
let maintenance: Maintenance;

beforeAll(async () => {
  server = await startTestNats();
  system = await openTestSystem(server.url, 'test', settings);
  await provision(system.nats, settings, [TEST_MODEL]);
  manager = await jetstreamManager(system.nats);
  bucket = await openBucket(system.nats, RECORDS_BUCKET, settings);
  ports = await openAdmissionPorts(system.nats, settings);
  maintenance = createMaintenance(system.nats, settings);
});
afterAll(async () => {
  await system[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

/** How many revisions of a key the bucket has. */
async function countRevisions(key: string): Promise<number> {
  const { state } = await manager.streams.info(RECORDS_STREAM, { subjects_filter: `$KV.videos.${key}` });
  return state.subjects?.[`$KV.videos.${key}`] ?? 0;
}

test('only the last revision of a video that finished long ago is kept, and every revision of other videos', async () => {
  const add = async (finishedAgo: number | null): Promise<VideoRecord> => {
    const { record } = await system.add('trimmed');
    for (let photoWidth = 1; photoWidth <= 20; photoWidth++) {
      await system.records.update(
        record,
        edit((now) => void Object.assign(now, { photoWidth })),
      );
    }
    if (finishedAgo !== null) {
      await system.records.update(
        record,
        edit((now) => {
          now.state = VideoState.DONE;
          now.endTime = timestampFromMs(Date.now() - finishedAgo);
        }),
      );
    }
    return record;
  };
  const [running, fresh, old] = [await add(null), await add(0), await add(2 * settings.HISTORY_MS)];
  await using table = await openVideoTable(system.nats, settings, system.log);
  const before = await system.records.get(old);
  expect(await trimHistories({ table, settings, maintenance })).toBe(21);
  const counts = await Promise.all(
    [running, fresh, old].map(({ owner, videoId }) => countRevisions(videoKey(owner, videoId))),
  );
  expect(counts).toEqual([21, 22, 1]);
  expect(await system.records.get(old)).toEqual(before);
  expect(await trimHistories({ table, settings, maintenance })).toBe(0);
  // The record can still be changed.
  const change = edit((now) => void Object.assign(now, { photoWidth: 99 }));
  expect((await system.records.update(old, change)).stored.record.photoWidth).toBe(99);
});

test('deletion markers are removed, and a key that was written again is kept', async () => {
  const { requests } = ports;
  const { record } = await system.add('purged');
  const { owner, videoId } = record;
  await requests.open(owner, videoId, Buffer.from('body'), videoId);
  await system.records.purge(record);
  expect(await requests.forget(-1)).toBe(1);
  await bucket.put('q.again', 'one');
  await bucket.purge('q.again');
  await bucket.put('q.again', 'two');
  const gone = [videoKey(owner, videoId), requestKey(owner, videoId)];
  expect(await Promise.all(gone.map(countRevisions))).toEqual([1, 1]);

  expect(await maintenance.removeMarkers(HOUR)).toBe(0);
  expect(await maintenance.removeMarkers(0)).toBe(2);
  expect(await Promise.all(gone.map(countRevisions))).toEqual([0, 0]);
  expect((await bucket.get('q.again'))?.string()).toBe('two');
  await bucket.purge('q.again');
});

test('quotas of idle owners are removed, and start again from zero', async () => {
  const { record } = await system.add('busy', {}, 'busy');
  await using table = await openVideoTable(system.nats, settings, system.log);
  const find = (videoId: string) => table.videos.get(videoId);
  const quotas = createQuotas(ports.quotaStore, find, settings);
  const count = (owner: string, videoId: string) => quotas.take(owner, [videoId]);
  await count('today', '00000000-0000-7000-8000-000000000001');
  await count('idle', '00000000-0000-7000-8000-000000000002');
  await count('busy', record.videoId);
  for (const owner of ['idle', 'busy']) {
    const entry = await bucket.get(quotaKey(owner));
    const quota = fromBinary(QuotaRecordSchema, entry!.value);
    await bucket.put(quotaKey(owner), toBinary(QuotaRecordSchema, { ...quota, day: quota.day - 1 }));
  }
  expect(await removeIdleQuotas(ports.quotaStore, find)).toBe(1);
  const left = await Promise.all(
    ['today', 'idle', 'busy'].map(async (owner) => (await bucket.get(quotaKey(owner)))?.operation),
  );
  expect(left).toEqual(['PUT', 'PURGE', 'PUT']);
  await count('idle', '00000000-0000-7000-8000-000000000003');
  const entry = await bucket.get(quotaKey('idle'));
  expect(fromBinary(QuotaRecordSchema, entry!.value).videosToday).toBe(1);
});
