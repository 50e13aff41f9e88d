import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { UnavailableError } from '../../domain/errors.ts';
import type { Leases } from '../../domain/ports/leases.ts';
import { createLog } from '../../telemetry/log.ts';
import { createMemoryLeases } from '../../testing/memory/leases.ts';
import { runAsLeader } from './leadership.ts';

const DURATION = 300;
let leases: Leases;
/** The processes that lead now. */
let leading: Set<string>;
let running: (() => Promise<void>)[];

beforeEach(() => {
  leases = createMemoryLeases();
  leading = new Set();
  running = [];
});
afterEach(async () => {
  await Promise.all(running.map((stop) => stop()));
});

const leaders = () => expect.poll(() => [...leading], { interval: 5 });

/**
 * Starts a process.
 *
 * @param failures how often its work fails before it succeeds
 * @returns a function that stops it
 */
function start(holder: string, { through = leases, failures = 0 }: { through?: Leases; failures?: number } = {}) {
  const stopping = new AbortController();
  let runs = 0;
  const lead = async (signal: AbortSignal): Promise<void> => {
    if (++runs <= failures) throw new Error('a fault');
    leading.add(holder);
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    leading.delete(holder);
  };
  const log = createLog('test', { write: () => undefined });
  const parts = { leases: through, role: 'test', holder, leaseDuration: DURATION, log, lead };
  const done = runAsLeader(parts, stopping.signal);
  const stop = async (): Promise<void> => {
    stopping.abort();
    await done;
  };
  running.push(stop);
  return stop;
}

test('one of several processes leads, for as long as it renews its lease', async () => {
  start('ann');
  await leaders().toEqual(['ann']);
  start('bob');
  await delay(3 * DURATION);
  expect([...leading]).toEqual(['ann']);
});

test('a leader that stops gives its lease up, so that another takes over before it would have expired', async () => {
  const stop = start('ann');
  await leaders().toEqual(['ann']);
  start('bob');
  await stop();
  expect([...leading]).toEqual([]);
  expect(await leases.take('test', 'cid', 0)).toBe(true);
  await leaders().toEqual(['bob']);
});

test('a leader that cannot renew its lease stops, and another takes over', async () => {
  let reachable = true;
  const unreliable: Leases = {
    take: (...lease) => (reachable ? leases.take(...lease) : Promise.reject(new UnavailableError('not reachable'))),
  };
  start('ann', { through: unreliable });
  await leaders().toEqual(['ann']);
  start('bob');
  reachable = false;
  await leaders().toEqual(['bob']);
});

test('a leader whose work fails starts it again', async () => {
  start('ann', { failures: 1 });
  await leaders().toEqual(['ann']);
});
