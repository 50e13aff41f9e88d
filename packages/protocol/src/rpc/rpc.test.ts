import { createFileRegistry, create } from '@bufbuild/protobuf';
import type { GenService } from '@bufbuild/protobuf/codegenv2';
import { DurationSchema, FileDescriptorProtoSchema, file_google_protobuf_duration } from '@bufbuild/protobuf/wkt';
import { status } from '@grpc/grpc-js';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from '../gen/google/rpc/error_details_pb.ts';
import { DecoderService, EncoderService } from '../stages.ts';
import { ErrorReason } from '../v1.ts';
import { openChannel } from './channel.ts';
import type { Channel } from './channel.ts';
import { createClient } from './client.ts';
import type { CallContext } from './handlers.ts';
import { reasonOf, refuse, refuseUntil } from './reasons.ts';
import { RpcError } from './rpc-error.ts';
import { createRpcServer } from './server.ts';

// A service with a method of each kind. Its messages are durations.
interface Kind<K> {
  methodKind: K;
  input: typeof DurationSchema;
  output: typeof DurationSchema;
}
interface Numbers {
  double: Kind<'unary'>;
  count: Kind<'server_streaming'>;
  sum: Kind<'client_streaming'>;
  echo: Kind<'bidi_streaming'>;
}
const type = '.google.protobuf.Duration';
const numbersFile = create(FileDescriptorProtoSchema, {
  name: 'test/numbers.proto',
  package: 'test',
  dependency: ['google/protobuf/duration.proto'],
  syntax: 'proto3',
  service: [
    {
      name: 'Numbers',
      method: [
        { name: 'Double', inputType: type, outputType: type },
        { name: 'Count', inputType: type, outputType: type, serverStreaming: true },
        { name: 'Sum', inputType: type, outputType: type, clientStreaming: true },
        { name: 'Echo', inputType: type, outputType: type, clientStreaming: true, serverStreaming: true },
      ],
    },
  ],
});
const registry = createFileRegistry(numbersFile, () => file_google_protobuf_duration.proto);
const Numbers = registry.getService('test.Numbers') as unknown as GenService<Pick<Numbers, keyof Numbers>>;

const TOKEN = 'a-token-of-the-tests';
const faults: RpcError[] = [];
/** The context of the last call. */
let seen: CallContext | null = null;
let sent = 0;

const server = createRpcServer({ tokens: [TOKEN], onFault: (error) => faults.push(error) });
let address = '';
let channel: Channel;

beforeAll(async () => {
  server.add(Numbers, {
    double: async ({ seconds }, context) => {
      seen = context;
      if (seconds === 1n) throw refuse(status.NOT_FOUND, ErrorReason.VIDEO_NOT_FOUND, 'No such video: ñ.');
      if (seconds === 2n) throw refuseUntil(ErrorReason.SYSTEM_BUSY, 'Too much to do.', 1500);
      if (seconds === 3n) throw new Error('a password');
      if (seconds === 4n) await once(context.signal, 'abort');
      return { seconds: seconds * 2n };
    },
    count: async function* ({ seconds }, context) {
      seen = context;
      for (let i = 0n; i < seconds; i++) {
        await Promise.resolve();
        yield { seconds: i };
      }
      if (seconds === 3n) throw refuse(status.DATA_LOSS, ErrorReason.DATA_LOST, 'No more.');
    },
    sum: async (numbers) => {
      let sum = 0n;
      for await (const { seconds } of numbers) {
        if (seconds < 0n) throw refuse(status.OUT_OF_RANGE, ErrorReason.INVALID_REQUEST, 'Not below zero.');
        sum += seconds;
        if (sum > 1000n) break;
      }
      return { seconds: sum };
    },
    echo: async function* (numbers, context) {
      seen = context;
      for await (const { seconds } of numbers) yield { seconds: seconds + 1n };
    },
  });
  server.add(EncoderService, { encode: () => ({ conditioning: { imageLatents: new Uint8Array(3 * 1024 * 1024) } }) });
  server.add(DecoderService, {
    // A chunk is returned unchanged; a start is followed by an endless stream of chunks.
    decode: async function* (requests, context) {
      seen = context;
      for await (const { message } of requests) {
        if (message.case === 'chunk') yield { message };
        const value = { index: 0, offset: 0n, data: new Uint8Array(1024 * 1024) };
        for (sent = 0; message.case === 'start'; sent++) yield { message: { case: 'chunk', value } };
      }
    },
  });
  address = `127.0.0.1:${await server.listen('127.0.0.1:0')}`;
  channel = openChannel(address, { token: TOKEN });
  await channel.ready(5000);
});

afterAll(async () => {
  channel.close();
  await server.close(1000);
});

const client = () => createClient(Numbers, channel);
const failure = async (call: Promise<unknown>): Promise<RpcError> => {
  const error: unknown = await call.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(RpcError);
  return error as RpcError;
};
async function all<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const messages: T[] = [];
  for await (const message of stream) messages.push(message);
  return messages;
}
const seconds = async (stream: AsyncIterable<{ seconds: bigint }>) =>
  (await all(stream)).map((message) => Number(message.seconds));
async function* numbers(...values: number[]) {
  for (const value of values) {
    await sleep(1);
    yield { seconds: BigInt(value) };
  }
}

describe('each kind of method', () => {
  test('unary: the handler receives headers, deadline and peer', async () => {
    const answer = await client().double({ seconds: 21n }, { metadata: { 'x-trace': 'abc' }, timeoutMs: 60_000 });
    expect(answer).toEqual(create(DurationSchema, { seconds: 42n }));
    expect(seen?.metadata.get('x-trace')).toEqual(['abc']);
    expect(seen?.peer).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(seen?.deadline?.getTime()).toBeGreaterThan(Date.now() + 50_000);
    await client().double({ seconds: 21n });
    expect(seen?.deadline).toBe(null);
  });

  test('server streaming: the client receives all messages, and the error at the end', async () => {
    expect(await seconds(client().count({ seconds: 50n }))).toEqual(Array.from({ length: 50 }, (_, i) => i));
    const got: bigint[] = [];
    const read = async () => {
      for await (const message of client().count({ seconds: 3n })) got.push(message.seconds);
    };
    expect(await failure(read())).toMatchObject({ code: status.DATA_LOSS, message: 'No more.' });
    expect(got).toEqual([0n, 1n, 2n]);
  });

  test('client streaming: the server may respond before the end of the stream', async () => {
    expect(await client().sum(numbers(1, 2, 3))).toMatchObject({ seconds: 6n });
    expect(await client().sum([{ seconds: 7n }])).toMatchObject({ seconds: 7n });
    expect(await client().sum(numbers(...Array<number>(50).fill(600)))).toMatchObject({ seconds: 1200n });
    expect(await failure(client().sum(numbers(1, -1, 3)))).toMatchObject({ code: status.OUT_OF_RANGE });
  });

  test('bidirectional streaming: both sides alternate', async () => {
    const asked: number[] = [];
    const ask = async function* () {
      for await (const number of numbers(1, 2, 3)) {
        asked.push(Number(number.seconds));
        yield number;
      }
    };
    const got: number[] = [];
    for await (const { seconds: value } of client().echo(ask())) {
      got.push(Number(value));
      expect(asked.length).toBeGreaterThanOrEqual(got.length);
    }
    expect(got).toEqual([2, 3, 4]);
  });

  test('an error of the caller’s own requests ends the call and is returned unchanged', async () => {
    const broken = async function* () {
      yield* numbers(1);
      throw new RangeError('mine');
    };
    await expect(seconds(client().echo(broken()))).rejects.toThrow(new RangeError('mine'));
    await expect(client().sum(broken())).rejects.toThrow(new RangeError('mine'));
    await aborted();
  });
});

/** Waits until the last handler's signal is aborted. */
async function aborted(): Promise<RpcError> {
  const { signal } = seen!;
  if (!signal.aborted) await once(signal, 'abort');
  return signal.reason as RpcError;
}

describe('errors', () => {
  test('have a reason and details', async () => {
    const missing = await failure(client().double({ seconds: 1n }));
    expect(missing).toMatchObject({ code: status.NOT_FOUND, message: 'No such video: ñ.' });
    expect(reasonOf(missing)).toBe(ErrorReason.VIDEO_NOT_FOUND);
    expect(missing.find(ErrorInfoSchema)).toMatchObject([{ reason: 'VIDEO_NOT_FOUND', domain: 'cinematica.dev' }]);

    const busy = await failure(client().double({ seconds: 2n }));
    expect(busy.code).toBe(status.RESOURCE_EXHAUSTED);
    expect(reasonOf(busy)).toBe(ErrorReason.SYSTEM_BUSY);
    expect(busy.find(RetryInfoSchema)).toMatchObject([{ retryDelay: { seconds: 2n, nanos: 0 } }]);
  });

  test('an internal error is reported on the server, and its message is not sent', async () => {
    const error = await failure(client().double({ seconds: 3n }));
    expect(error.code).toBe(status.INTERNAL);
    expect(error.message).not.toContain('password');
    expect(faults.map(({ cause }) => cause)).toEqual([new Error('a password')]);
  });

  test('a request that violates its schema returns all violations, also in streams', async () => {
    const unary = await failure(createClient(EncoderService, channel).encode({ width: 4, height: 64 }));
    expect(unary.code).toBe(status.INVALID_ARGUMENT);
    expect(reasonOf(unary)).toBe(ErrorReason.INVALID_REQUEST);
    expect(unary.find(BadRequestSchema)[0]?.fieldViolations.map(({ field }) => field)).toEqual(['image', 'width']);

    const decode = createClient(DecoderService, channel).decode([{ message: { case: 'start', value: {} } }]);
    const streamed = await failure(all(decode));
    expect(streamed.find(BadRequestSchema)[0]?.fieldViolations).toMatchObject([{ field: 'start.latents' }]);
  });

  test('a message over the limit is rejected in both directions', async () => {
    const big = { index: 0, offset: 0n, data: new Uint8Array(3 * 1024 * 1024) };
    const asked = createClient(DecoderService, channel).decode([{ message: { case: 'chunk', value: big } }]);
    expect((await failure(all(asked))).code).toBe(status.RESOURCE_EXHAUSTED);
    const answered = createClient(EncoderService, channel).encode({ image: new Uint8Array(9), width: 64, height: 64 });
    expect((await failure(answered)).code).toBe(status.RESOURCE_EXHAUSTED);

    const fits = { index: 0, offset: 0n, data: new Uint8Array(1024 * 1024).fill(7) };
    const echoed = createClient(DecoderService, channel).decode([{ message: { case: 'chunk', value: fits } }]);
    const [answer] = await all(echoed);
    expect(answer?.message.case === 'chunk' && Buffer.compare(answer.message.value.data, fits.data)).toBe(0);
  });

  test('a call without a valid token is rejected', async () => {
    for (const token of [undefined, 'another']) {
      using stranger = openChannel(address, token === undefined ? {} : { token });
      const error = await failure(createClient(Numbers, stranger).double({ seconds: 5n }));
      expect(error.code).toBe(status.UNAUTHENTICATED);
      expect(reasonOf(error)).toBe(ErrorReason.NOT_AUTHENTICATED);
      expect((await failure(seconds(createClient(Numbers, stranger).echo(numbers(1, 2))))).code).toBe(error.code);
    }
  });

  test('an unreachable server is UNAVAILABLE', async () => {
    using nobody = openChannel('127.0.0.1:1');
    expect((await failure(nobody.ready(200))).message).toBe('There is no connection to 127.0.0.1:1.');
    expect((await failure(createClient(Numbers, nobody).double({}))).code).toBe(status.UNAVAILABLE);
  });
});

describe('a call that ends early', () => {
  test('ends on both sides when its deadline passes', async () => {
    const error = await failure(client().double({ seconds: 4n }, { timeoutMs: 100 }));
    expect(error.code).toBe(status.DEADLINE_EXCEEDED);
    // The client cancels at its deadline, which can reach the server before its own timer fires.
    expect([status.DEADLINE_EXCEEDED, status.CANCELLED]).toContain((await aborted()).code);
  });

  test('ends on both sides when its caller cancels, with the reason of the signal', async () => {
    const controller = new AbortController();
    seen = null;
    const call = client().double({ seconds: 4n }, { signal: controller.signal });
    await vi.waitUntil(() => seen !== null);
    controller.abort(new Error('enough'));
    const error = await failure(call);
    expect(error).toMatchObject({ code: status.CANCELLED, cause: new Error('enough') });
    expect((await aborted()).code).toBe(status.CANCELLED);
    expect((await failure(client().double({}, { signal: controller.signal }))).code).toBe(status.CANCELLED);
  });

  test('ends when its reader leaves or cancels the stream; a slow reader slows the sender down', async () => {
    for await (const { seconds: value } of client().count({ seconds: 10n ** 9n })) if (value === 5n) break;
    expect((await aborted()).code).toBe(status.CANCELLED);

    const controller = new AbortController();
    const start = { latents: { frames: 1, channels: 4, height: 8, width: 8 } };
    const options = { signal: controller.signal };
    const endless = createClient(DecoderService, channel).decode(
      [{ message: { case: 'start', value: start } }],
      options,
    );
    let got = 0;
    const read = async () => {
      for await (const { message } of endless) {
        expect(message.case).toBe('chunk');
        if (++got < 3) continue;
        // Enough time for hundreds of chunks; only those that fit into the buffers may have been sent.
        await sleep(500);
        expect(sent).toBeLessThan(100);
        controller.abort();
      }
    };
    expect((await failure(read())).code).toBe(status.CANCELLED);
    expect((await aborted()).code).toBe(status.CANCELLED);
  });

  test('is cancelled after the grace period when the server closes', async () => {
    const other = createRpcServer({ tokens: null, onFault: () => undefined });
    const waiting = Promise.withResolvers<CallContext>();
    other.add(EncoderService, {
      encode: async (_, context) => {
        waiting.resolve(context);
        await once(context.signal, 'abort');
        return {};
      },
    });
    using link = openChannel(`127.0.0.1:${await other.listen('127.0.0.1:0')}`);
    const call = failure(
      createClient(EncoderService, link).encode({ image: new Uint8Array(9), width: 64, height: 64 }),
    );
    const { signal } = await waiting.promise;
    const closed = other.close(200);
    await sleep(50);
    expect(signal.aborted).toBe(false);
    await closed;
    expect(signal.aborted).toBe(true);
    expect([status.CANCELLED, status.UNAVAILABLE]).toContain((await call).code);
  });
});
