import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { expect, test } from 'vitest';
import { startTestNats } from '../../../../test/support/nats-server.ts';
import { TEST_MODEL, testSettings } from '../testing/system.ts';
import { connectNats } from './connect.ts';
import { provision } from './provision.ts';

/** A connection of a process that is killed after so many requests: no further request is sent, and none returns. */
function killedAfter(nats: NatsConnection, requests: number) {
  const killed = Promise.withResolvers<'killed'>();
  let sent = 0;
  const connection = new Proxy(nats, {
    get(target, name): unknown {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      if (name !== 'request') return member.bind(target) as unknown;
      return (...args: Parameters<NatsConnection['request']>) => {
        if (sent++ < requests) return target.request(...args);
        killed.resolve('killed');
        return new Promise(() => undefined);
      };
    },
  });
  return { connection, killed: killed.promise };
}

test('a provisioner that was killed completes its work when it runs again', async () => {
  await using server = await startTestNats();
  const nats = await connectNats('test', { NATS_URL: server.url });
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(() => nats.close());
  const settings = testSettings();
  const manager = await jetstreamManager(nats);
  const streams = async () => (await manager.streams.list().next()).map(({ config }) => config);
  /** Everything that the provisioner creates. */
  const state = async () => {
    const all = (await streams()).sort((a, b) => (a.name < b.name ? -1 : 1));
    return Promise.all(
      all.map(async (config) => ({
        config,
        consumers: (await manager.consumers.list(config.name).next()).map((consumer) => consumer.config),
      })),
    );
  };

  await provision(nats, settings, [TEST_MODEL]);
  const complete = await state();
  let lastKill = 0;
  for (let requests = 0; ; requests += 3) {
    for (const { name } of await streams()) await manager.streams.delete(name);
    const { connection, killed } = killedAfter(nats, requests);
    const end = await Promise.race([provision(connection, settings, [TEST_MODEL]).then(() => 'done' as const), killed]);
    await provision(nats, settings, [TEST_MODEL]);
    expect(await state()).toEqual(complete);
    if (end === 'done') break;
    lastKill = requests;
  }
  expect(lastKill).toBeGreaterThan(10);
});
