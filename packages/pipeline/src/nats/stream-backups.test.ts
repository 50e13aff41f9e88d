import { TimeoutError } from '@nats-io/transport-node';
import type { NatsConnection } from '@nats-io/transport-node';
import { expect, test } from 'vitest';
import { startTestNats } from '../../../../test/support/nats-server.ts';
import { UnavailableError } from '../domain/errors.ts';
import { SnapshotError } from '../domain/ports/stream-backups.ts';
import { testSettings } from '../testing/system.ts';
import { connectNats } from './connect.ts';
import { openStreamBackups } from './stream-backups.ts';

const DESCRIPTION = { config: { name: 'OBJ_media' }, state: { messages: 1, bytes: 1, last_seq: 1 } };

test('a restore is begun again only when its first request has no answer, and unpacking may take hours', async () => {
  await using server = await startTestNats();
  const nats = await connectNats('test', { NATS_URL: server.url });
  const limits: number[] = [];
  /** Answers the first request, and each part, as the server does, up to so many requests. */
  const answering = (answered: number): NatsConnection =>
    new Proxy(nats, {
      get(target, property) {
        if (property !== 'request') return Reflect.get(target, property) as unknown;
        return (subject: string, _: unknown, { timeout }: { timeout: number }) => {
          limits.push(timeout);
          if (limits.length > answered) return Promise.reject(new TimeoutError());
          const isFirst = subject.startsWith('$JS.API.STREAM.RESTORE.');
          const data = Buffer.from(isFirst ? JSON.stringify({ deliver_subject: 'parts' }) : '');
          return Promise.resolve({ data, json: () => JSON.parse(data.toString()) as unknown });
        };
      },
    });
  const restore = async (answered: number) => {
    limits.length = 0;
    const backups = await openStreamBackups(answering(answered), 'test', testSettings());
    async function* parts() {
      yield await Promise.resolve(Buffer.from('a part'));
    }
    return backups.restore(DESCRIPTION, parts(), 1);
  };
  await expect(restore(0)).rejects.toThrow(UnavailableError);
  await expect(restore(2)).rejects.toThrow(SnapshotError);
  expect(limits).toEqual([30_000, 30_000, 4 * 3_600_000]);
  await nats.close();
});
