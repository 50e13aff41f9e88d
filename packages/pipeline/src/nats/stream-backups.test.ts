import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { TimeoutError } from '@nats-io/transport-node';
import type { NatsConnection } from '@nats-io/transport-node';
import { expect, test } from 'vitest';
import { startTestNats } from '../../../../test/support/nats-server.ts';
import { UnavailableError } from '../domain/errors.ts';
import { SnapshotError } from '../domain/ports/stream-backups.ts';
import { testSettings } from '../testing/system.ts';
import { connectNats } from './connect.ts';
import { openStreamBackups } from './stream-backups.ts';

const GIB = 2 ** 30;
/** Half a minute, and the time of a disk that reads 5 MB in a second. Milliseconds. */
const limitFor = (bytes: number) => 30_000 + bytes / 5_000;

/** A connection that answers so many requests of snapshots as the server does, and no more. @param limits the time limits of all requests. */
const answering = (nats: NatsConnection, answered: number, limits: number[]): NatsConnection =>
  new Proxy(nats, {
    get(target, property) {
      if (property !== 'request') return Reflect.get(target, property) as unknown;
      return (subject: string, body: Uint8Array, options: { timeout: number }) => {
        if (subject.startsWith('$JS.API.STREAM.INFO.')) return target.request(subject, body, options);
        limits.push(options.timeout);
        if (limits.length > answered) return Promise.reject(new TimeoutError());
        const isFirst = subject.startsWith('$JS.API.STREAM.RESTORE.');
        const data = Buffer.from(isFirst ? JSON.stringify({ deliver_subject: 'parts' }) : '');
        return Promise.resolve({ data, json: () => JSON.parse(data.toString()) as unknown });
      };
    },
  });

test('a restore is begun again only when its first request has no answer, and unpacking may take as long as the stream is large', async () => {
  await using server = await startTestNats();
  const nats = await connectNats('test', { NATS_URL: server.url });
  const limits: number[] = [];
  const restore = async (answered: number, bytes: number) => {
    limits.length = 0;
    const backups = await openStreamBackups(answering(nats, answered, limits), 'test', testSettings());
    async function* parts() {
      yield await Promise.resolve(Buffer.from('a part'));
    }
    return backups.restore({ config: { name: 'OBJ_media' }, state: { messages: 1, bytes, last_seq: 1 } }, parts(), 1);
  };
  await expect(restore(0, 1)).rejects.toThrow(UnavailableError);
  for (const [bytes, limit] of [
    [0, 30_000],
    [GIB, limitFor(GIB)],
    [1000 * GIB, 4 * 3_600_000],
  ] as const) {
    await expect(restore(2, bytes)).rejects.toThrow(SnapshotError);
    expect(limits).toEqual([30_000, 30_000, limit]);
  }
  await nats.close();
});

test('a snapshot whose first answer is lost fails after the time that its stream may take', async () => {
  await using server = await startTestNats();
  const nats = await connectNats('test', { NATS_URL: server.url });
  const { streams } = await jetstreamManager(nats);
  await streams.add({ name: 'SMALL', subjects: ['small'] });
  await jetstream(nats).publish('small', new Uint8Array(100_000));
  const { bytes } = (await streams.info('SMALL')).state;
  const limits: number[] = [];
  const backups = await openStreamBackups(answering(nats, 0, limits), 'test', testSettings());
  await expect(backups.snapshot('SMALL', () => Promise.resolve())).rejects.toThrow(UnavailableError);
  expect(limits).toEqual([limitFor(bytes)]);
  await nats.close();
});
