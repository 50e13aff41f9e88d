import { jetstreamManager } from '@nats-io/jetstream';
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestNats } from '../../../../test/support/nats-server.ts';
import type { TestNats } from '../../../../test/support/nats-server.ts';
import { Lifetime } from '../domain/messages.ts';
import type { Artifact } from '../domain/messages.ts';
import { LIFETIMES } from '../domain/stages.ts';
import { UnavailableError } from '../domain/errors.ts';
import { MissingArtifactError } from '../domain/ports/artifacts.ts';
import { openTestSystem, testSettings } from '../testing/system.ts';
import type { TestSystem } from '../testing/system.ts';
import { bucketStream } from './names.ts';
import { provision } from './provision.ts';

const MIB = 2 ** 20;
const LARGE = 60 * MIB;

let server: TestNats;
let system: TestSystem;
let large: Artifact;
const largeData = randomBytes(LARGE);

beforeAll(async () => {
  // The server cuts a connection that lags behind by 8 MiB or a second, so that a read that is pushed fails quickly.
  server = await startTestNats({ extra: 'max_pending: 8MB\nwrite_deadline: "1s"' });
  system = await openTestSystem(server.url, 'test', testSettings({ REQUEST_TIMEOUT_MS: 1_000 }));
  await provision(system.nats, system.settings, []);
  large = await system.artifacts.put(Lifetime.LATENTS, 'v/0/denoise/1/large', 'latents', largeData);
});
afterAll(async () => {
  await system[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

async function consumers(): Promise<number> {
  const manager = await jetstreamManager(system.nats);
  const streams = await Promise.all(LIFETIMES.map((lifetime) => manager.streams.info(bucketStream(lifetime))));
  return streams.reduce((sum, { state }) => sum + state.consumer_count, 0);
}

async function collect(parts: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const part of parts) all.push(part);
  return Buffer.concat(all);
}

/** Keeps the thread busy, as a computation or a garbage collection does. */
function block(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

test('no read leaves a consumer, whether it ends, breaks off, fails or is aborted', async () => {
  const { artifacts } = system;
  const small = await artifacts.put(Lifetime.FRAMES, 'v/0/decode/1/small', 'frames', randomBytes(2 * MIB));
  for (let count = 0; count < 5; count++) await artifacts.get(small);

  for await (const part of artifacts.stream(large)) {
    expect(part.length).toBeGreaterThan(0);
    break;
  }
  const aborted = new AbortController();
  const read = artifacts.get(large, aborted.signal);
  setTimeout(() => aborted.abort(new Error('the video was cancelled')), 5);
  await expect(read).rejects.toThrow('the video was cancelled');
  await expect(artifacts.get(small, AbortSignal.abort(new Error('too late')))).rejects.toThrow('too late');
  const other = { ...small, sha256: randomBytes(32) };
  await expect(artifacts.get(other)).rejects.toThrow(MissingArtifactError);
  await delay(1_000);
  expect(await consumers()).toBe(0);
});

test('four slow readers on one connection each read 60 MiB', async () => {
  const { artifacts, nats } = system;
  const events: string[] = [];
  void (async () => {
    for await (const { type } of nats.status()) events.push(type);
  })();
  const readers = Array.from({ length: 4 }, async (_, reader) => {
    let position = 0;
    for await (const part of artifacts.stream(large)) {
      if (!largeData.subarray(position, position + part.length).equals(part)) throw new Error(`wrong at ${position}`);
      position += part.length;
      if (reader === 0 && position % (8 * MIB) === 0) block(300);
      await delay(5);
    }
    return position;
  });
  expect(await Promise.all(readers)).toEqual([LARGE, LARGE, LARGE, LARGE]);
  const whole = await Promise.all(Array.from({ length: 4 }, () => artifacts.get(large)));
  for (const data of whole) expect(largeData.equals(data)).toBe(true);
  expect(events.filter((type) => !['ping', 'update'].includes(type))).toEqual([]);
});

test('reads any range, also of objects that were written at the same time', async () => {
  const { artifacts } = system;
  const size = 3 * MIB + 17;
  const contents = Array.from({ length: 3 }, () => randomBytes(size));
  const put = (data: Buffer, index: number) =>
    artifacts.put(Lifetime.MEDIA, `v/0/mux/1/interleaved-${index}`, 'mp4', data);
  const written = await Promise.all(contents.map(put));
  const alone = await put(contents[0]!, 3);
  for (const [index, artifact] of [...written, alone].entries()) {
    const data = contents[index % 3]!;
    for (const [first, last] of [
      [0, 0],
      [0, size - 1],
      [1, size - 1],
      [512 * 1024 - 1, 512 * 1024],
      [2 * MIB, 2 * MIB + 1_000_000],
      [size - 1, size - 1],
      [size - 18, size - 2],
    ] as const) {
      const part = await collect(artifacts.stream(artifact, { range: { first, last } }));
      expect(part.equals(data.subarray(first, last + 1)), `${index}: ${first}-${last}`).toBe(true);
    }
  }
});

test('a read continues after a restart of the server, and an unreachable server is not lost content', async () => {
  const parts = system.artifacts.stream(large);
  let length = (await parts.next()).value!.length;
  await server.kill();
  const next = parts.next();
  await server.start();
  length += (await next).value!.length;
  for await (const part of parts) length += part.length;
  expect(length).toBe(LARGE);

  const cut = system.artifacts.stream(large);
  await cut.next();
  await server.kill();
  await expect(cut.next()).rejects.toThrow(UnavailableError);
  await server.start();
  await expect.poll(() => system.artifacts.get(large).then(({ length }) => length), { timeout: 20_000 }).toBe(LARGE);
});
