import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestNats } from '../../../../test/support/nats-server.ts';
import type { TestNats } from '../../../../test/support/nats-server.ts';
import type { Leases } from '../domain/ports/leases.ts';
import { runAsLeader } from '../process/housekeeping/leadership.ts';
import { createLog } from '../telemetry/log.ts';
import { TEST_MODEL, testSettings } from '../testing/system.ts';
import { connectNats } from './connect.ts';
import type { NatsConnection } from './connect.ts';
import { createLeases } from './leases.ts';
import { provision } from './provision.ts';

const settings = testSettings();
let server: TestNats;
let connections: NatsConnection[];
/** The leases as seen by two processes. */
let ann: Leases;
let bob: Leases;
beforeAll(async () => {
  server = await startTestNats();
  const connect = () => connectNats('test', { NATS_URL: server.url });
  connections = [await connect(), await connect()];
  await provision(connections[0]!, settings, [TEST_MODEL]);
  [ann, bob] = connections.map((nats) => createLeases(nats, settings)) as [Leases, Leases];
});
afterAll(async () => {
  for (const connection of connections) await connection.close();
  await server[Symbol.asyncDispose]();
});

test('only one of several holders that take a lease at the same time gets it', async () => {
  for (let round = 0; round < 10; round++) {
    const holders = Array.from({ length: 6 }, (_, i) => `holder-${i}`);
    const taken = await Promise.all(
      holders.map((holder, i) => (i % 2 === 0 ? ann : bob).take(`race-${round}`, holder, 60_000)),
    );
    expect(taken.filter(Boolean)).toHaveLength(1);
  }
});

test('the holder can renew its lease, and others cannot take it', async () => {
  expect(await ann.take('renew', 'ann', 60_000)).toBe(true);
  expect(await bob.take('renew', 'bob', 60_000)).toBe(false);
  expect(await ann.take('renew', 'ann', 60_000)).toBe(true);
  expect(await bob.take('renew', 'bob', 60_000)).toBe(false);
});

test('leases of different roles are independent', async () => {
  expect(await ann.take('first-role', 'ann', 60_000)).toBe(true);
  expect(await bob.take('second-role', 'bob', 60_000)).toBe(true);
});

test('another holder takes a lease over once it has expired, and the previous holder has lost it', async () => {
  expect(await ann.take('expiry', 'ann', 300)).toBe(true);
  expect(await bob.take('expiry', 'bob', 60_000)).toBe(false);
  await delay(350);
  expect(await bob.take('expiry', 'bob', 60_000)).toBe(true);
  expect(await ann.take('expiry', 'ann', 60_000)).toBe(false);
});

test('a lease that is given up can be taken immediately', async () => {
  expect(await ann.take('given-up', 'ann', 60_000)).toBe(true);
  await ann.take('given-up', 'ann', 0);
  expect(await bob.take('given-up', 'bob', 60_000)).toBe(true);
});

/** Processes that compete for a role, and the ones that lead now. */
function startCandidates(role: string, leaseDuration: number) {
  const leading = new Set<string>();
  /** The most processes that have led at the same time. */
  let maxLeading = 0;
  const start = (leases: Leases, holder: string) => {
    const stopping = new AbortController();
    const lead = async (signal: AbortSignal) => {
      leading.add(holder);
      maxLeading = Math.max(maxLeading, leading.size);
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
      leading.delete(holder);
    };
    const log = createLog('test', { write: () => undefined });
    const done = runAsLeader({ leases, role, holder, leaseDuration, log, lead }, stopping.signal);
    return {
      async stop() {
        stopping.abort();
        await done;
      },
    };
  };
  return {
    leading,
    get maxLeading() {
      return maxLeading;
    },
    start,
  };
}

test('one process leads, and another takes over without delay when it stops', async () => {
  const candidates = startCandidates('stopped-leader', 9_000);
  const first = candidates.start(ann, 'ann');
  await expect.poll(() => [...candidates.leading]).toEqual(['ann']);
  const second = candidates.start(bob, 'bob');
  await delay(1_200);
  expect([...candidates.leading]).toEqual(['ann']);
  const stoppedAt = performance.now();
  await first.stop();
  await expect.poll(() => [...candidates.leading]).toEqual(['bob']);
  // Bob tries every three seconds. Without the release he would have to wait for the expiry.
  expect(performance.now() - stoppedAt).toBeLessThan(6_000);
  await second.stop();
  expect([...candidates.leading]).toEqual([]);
  expect(candidates.maxLeading).toBe(1);
});

test('a leader that cannot renew its lease stops leading, and another takes over after the expiry', async () => {
  const candidates = startCandidates('lost-leader', 900);
  let reachable = true;
  const unreliable: Leases = {
    take: (...lease) => (reachable ? ann.take(...lease) : Promise.reject(new Error('not reachable'))),
  };
  const first = candidates.start(unreliable, 'ann');
  await expect.poll(() => [...candidates.leading]).toEqual(['ann']);
  const second = candidates.start(bob, 'bob');
  reachable = false;
  await expect.poll(() => [...candidates.leading]).toEqual(['bob']);
  reachable = true;
  await delay(700);
  expect([...candidates.leading]).toEqual(['bob']);
  await Promise.all([first.stop(), second.stop()]);
});
