import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import { Objm } from '@nats-io/obj';
import { connect, PermissionViolationError } from '@nats-io/transport-node';
import type { NatsConnection } from '@nats-io/transport-node';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectNats, openArtifacts, Lifetime, pipelineSettings, provision } from '@cinematica/pipeline';
import { natsServer } from '../../setup/nats-server.mjs';
import { openDataFolder } from '../data-folder.ts';
import { freePorts } from '../ports.ts';
import { ensureSecrets } from '../secrets.ts';
import type { Supervised } from '../supervise.ts';
import { superviseNats } from './server.ts';
import { publishers, subscribers } from '../fixtures/nats-operations.ts';
import { USER_PERMISSIONS } from '@cinematica/pipeline/nats-access';
import type { UserName } from '@cinematica/pipeline/nats-access';

const users = Object.keys(USER_PERMISSIONS) as UserName[];
const model = { name: 'tiny', digest: '0123abcd' };
let home: string;
let server: Supervised;
let url: string;
let connections: Record<UserName, NatsConnection>;
/** How many operations of each user the server has rejected. */
const violations = Object.fromEntries(users.map((user) => [user, 0])) as Record<UserName, number>;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'nats-'));
  const folder = await openDataFolder(join(home, 'data'), AbortSignal.timeout(10_000));
  const { nats: passwords } = await ensureSecrets(folder.secretsFile, users);
  const [port = 0] = await freePorts(1);
  const { NATS_SERVER = '' } = await natsServer(join(import.meta.dirname, '../../..'));
  const supervision = { say: () => undefined, backoffMs: 100, graceMs: 10_000 };
  server = await superviseNats({ command: NATS_SERVER, folder, port, passwords, supervision });
  await server.started;
  url = `nats://127.0.0.1:${port}`;
  const opened = users.map(async (user): Promise<[UserName, NatsConnection]> => {
    const settings = { NATS_URL: url, NATS_USER: user, NATS_PASSWORD: passwords[user] };
    return [user, await connectNats(user, settings)];
  });
  connections = Object.fromEntries(await Promise.all(opened)) as Record<UserName, NatsConnection>;
  for (const user of users) void countViolations(user);
  await provision(connections.provisioner, pipelineSettings(), [model]);
});

afterAll(async () => {
  await Promise.all(Object.values(connections).map((connection) => connection.close()));
  await server.stop();
  await rm(home, { recursive: true });
});

async function countViolations(user: UserName): Promise<void> {
  for await (const event of connections[user].status()) {
    if (event.type === 'error' && event.error instanceof PermissionViolationError) violations[user]++;
  }
}

const store = async (user: UserName, bucket: string) => new Objm(jetstream(connections[user])).open(bucket, false);

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

async function put(user: UserName, bucket: string, name: string): Promise<string> {
  const { size } = await (await store(user, bucket)).putBlob({ name }, bytes('x'.repeat(300_000)));
  return `${size}`;
}

const get = async (user: UserName, bucket: string, name: string): Promise<number | undefined> =>
  (await (await store(user, bucket)).getBlob(name))?.length;

const lifetimes = {
  photos: Lifetime.PHOTO,
  latents: Lifetime.LATENTS,
  frames: Lifetime.FRAMES,
  media: Lifetime.MEDIA,
} as const;

describe('permitted operations', () => {
  test('the gateway stores a photo, creates a record, publishes the first task and watches the record', async () => {
    const records = await new Kvm(jetstream(connections.gateway)).open('videos');
    const watch = await records.watch({ key: 'v.ana.*' });
    const revision = await records.create('v.ana.one', 'queued');
    await records.update('v.ana.one', 'running', revision);
    const seen: string[] = [];
    for await (const entry of watch) if (seen.push(entry.string()) === 2) break;
    expect(seen).toEqual(['queued', 'running']);

    await put('gateway', 'photos', 'photo');
    const task = `work.encode.${model.name}.${model.digest}.one.0`;
    expect(await jetstream(connections.gateway).publish(task, '{}')).toMatchObject({ stream: 'WORK_encode' });
  });

  test('the gateway reads and purges the queues, and removes artifacts', async () => {
    const manager = await jetstreamManager(connections.gateway);
    for (const stream of ['WORK_encode', 'WORK_denoise', 'WORK_decode', 'WORK_mux', 'DEAD', 'PREVIEWS']) {
      expect((await manager.streams.info(stream)).config.name).toBe(stream);
      await manager.streams.purge(stream, { filter: 'work.none' });
    }
    expect(await manager.consumers.info('WORK_mux', 'mux')).toMatchObject({ name: 'mux' });
    for (const bucket of ['photos', 'latents', 'frames', 'media']) await put('gateway', bucket, 'rubbish');
    for (const bucket of ['photos', 'latents', 'frames', 'media']) {
      await (await store('gateway', bucket)).delete('rubbish');
    }
  });

  test.each([
    {
      user: 'encoder',
      stage: 'encode',
      consumer: 'encode-tiny-0123abcd',
      next: ['denoise'],
      reads: 'photos',
      writes: 'latents',
    },
    {
      user: 'denoiser',
      stage: 'denoise',
      consumer: 'denoise-tiny-0123abcd',
      next: ['denoise', 'decode'],
      reads: 'latents',
      writes: 'latents',
    },
    {
      user: 'decoder',
      stage: 'decode',
      consumer: 'decode-tiny-0123abcd',
      next: ['mux'],
      reads: 'latents',
      writes: 'frames',
    },
    { user: 'muxer', stage: 'mux', consumer: 'mux', next: [], reads: 'frames', writes: 'media' },
  ] as const)(
    'the $user takes a task, commits its result and publishes the next task',
    async ({ user, stage, consumer, next, reads, writes }) => {
      const own = connections[user];
      const js = jetstream(own);
      await put('gateway', reads, `for ${user}`);
      await jetstream(connections.gateway).publish(`work.${stage}.tiny.0123abcd.two.${user}`, '{}');

      const nudges = own.subscribe('nudge.two', { max: 1 });
      const message = await (await js.consumers.get(`WORK_${stage}`, consumer)).next({ expires: 2_000 });
      expect(message).not.toBeNull();
      message!.working();
      expect(await get(user, reads, `for ${user}`)).toBe(300_000);
      await put(user, writes, `by ${user}`);
      expect(await get(user, writes, `by ${user}`)).toBe(300_000);
      const artifacts = (of: UserName) => openArtifacts(connections[of], pipelineSettings());
      const data = bytes('x'.repeat(1_300_000));
      const input = await (await artifacts('gateway')).put(lifetimes[reads], `input of ${user}`, 'part', data);
      expect(await (await artifacts(user)).get(input)).toEqual(data);
      const output = await (await artifacts(user)).put(lifetimes[writes], `output of ${user}`, 'part', data);
      expect(await (await artifacts('gateway')).get(output)).toEqual(data);

      const records = await new Kvm(js).open('videos');
      const created = await records.create(`v.ana.${user}`, 'claimed');
      expect((await records.get(`v.ana.${user}`))?.string()).toBe('claimed');
      await records.update(`v.ana.${user}`, 'done', created);

      for (const other of next) await js.publish(`work.${other}.tiny.0123abcd.three.${user}`, '{}');
      await js.publish(`dead.${stage}.two`, '{}');
      expect(await message!.ackAck()).toBe(true);

      connections.gateway.publish('nudge.two');
      for await (const nudge of nudges) expect(nudge.subject).toBe('nudge.two');

      await js.publish(`canary.${user}`, 'alive');
      const manager = await jetstreamManager(own, { checkAPI: false });
      const canary = await manager.streams.getMessage('CANARY', { last_by_subj: `canary.${user}` });
      expect(canary?.string()).toBe('alive');
    },
  );

  test('the gateway receives the previews of the denoiser', async () => {
    const previews = connections.gateway.subscribe('preview.one', { max: 1 });
    await connections.gateway.flush();
    connections.denoiser.publish('preview.one', 'a picture');
    for await (const preview of previews) expect(preview.string()).toBe('a picture');
  });
});

describe('rejected operations', () => {
  /** The users for which the server accepts an operation. */
  async function allowed(attempt: (connection: NatsConnection) => void): Promise<UserName[]> {
    const before = { ...violations };
    await Promise.all(
      users.map(async (user) => {
        attempt(connections[user]);
        // A flush sends a ping, and the server reports a violation before it answers the ping.
        await connections[user].flush();
      }),
    );
    await new Promise((resolve) => setImmediate(resolve));
    return users.filter((user) => violations[user] === before[user]);
  }

  test.each(Object.entries(publishers))('publish to %s: only %j may', async (subject, expected) => {
    expect(new Set(await allowed((connection) => connection.publish(subject)))).toEqual(new Set(expected));
  });

  test.each(Object.entries(subscribers))('subscribe to %s: only %j may', async (subject, expected) => {
    const attempt = (connection: NatsConnection): void => {
      connection.subscribe(subject, { callback: () => undefined }).unsubscribe();
    };
    expect(new Set(await allowed(attempt))).toEqual(new Set(expected));
  });

  test.each([
    ['no credentials', {}],
    ['a wrong password', { user: 'gateway', pass: 'x'.repeat(43) }],
    ['the system account', { user: 'admin', pass: 's3cr3t!' }],
    ['a token', { token: 'x' }],
  ])('a connection with %s is rejected', async (_, credentials) => {
    await expect(connect({ servers: url, reconnect: false, ...credentials })).rejects.toThrow(/authorization/i);
  });
});
