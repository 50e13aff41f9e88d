import { jetstreamManager } from '@nats-io/jetstream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestNats } from '../../../../test/support/nats-server.ts';
import type { TestNats } from '../../../../test/support/nats-server.ts';
import { openTestSystem, testSettings } from '../testing/system.ts';
import type { TestSystem } from '../testing/system.ts';
import { openAdmissionPorts } from './admission-ports.ts';
import { createMaintenance } from './maintenance.ts';
import { RECORDS_STREAM } from './names.ts';
import { provision } from './provision.ts';

let server: TestNats;
let system: TestSystem;
beforeAll(async () => {
  server = await startTestNats();
  system = await openTestSystem(server.url, 'test', testSettings());
  await provision(system.nats, system.settings, []);
});
afterAll(async () => {
  await system[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

test('lists and histories are complete, and leave no consumer', async () => {
  const { records, nats, settings } = system;
  const { requests, quotaStore } = await openAdmissionPorts(nats, settings);
  const maintenance = createMaintenance(nats, settings);
  expect(await records.list('ann')).toEqual([]);

  const [first, second, third] = [await system.add('a'), await system.add('b'), await system.add('c')];
  await records.purge(second.record);
  await requests.open('ann', 'request-1', Buffer.from('body'), first.record.videoId);
  expect(await records.list('ann')).toEqual([third.record.videoId, first.record.videoId]);
  expect(await records.history(first.record)).toHaveLength(1);
  expect(await records.history(second.record)).toHaveLength(0);
  expect(await quotaStore.owners()).toEqual([]);
  expect(await maintenance.removeMarkers(0)).toBe(1);
  expect(await requests.forget(0)).toBe(1);
  expect(await records.list('ann')).toHaveLength(2);
  await expect(records.list('not a valid owner')).rejects.toThrow();

  const manager = await jetstreamManager(nats);
  expect((await manager.streams.info(RECORDS_STREAM)).state.consumer_count).toBe(0);
});
