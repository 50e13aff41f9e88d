import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { changed, FailureReason, findTask, PipelineStage, TaskState, VideoState } from '@cinematica/pipeline';
import { Stage, Video_State } from '@cinematica/protocol/v1';
import { once } from 'node:events';
import { connect as connectSocket } from 'node:net';
import { afterAll, expect, test } from 'vitest';
import { openGatewayFixture, idOf } from './testing/gateway-fixture.ts';
import { KEYS } from './testing/gateway-process.ts';

const { cancelAll, finish, gateway, createTestVideo, update } = await openGatewayFixture();

afterAll(() => gateway[Symbol.asyncDispose]());

test('two watchers receive the same sequence of events, also after a reconnect', async () => {
  await cancelAll();
  const video = await createTestVideo();
  const watchEvents = async (after: bigint, stopAfter = Infinity) => {
    const events: { sequence: bigint; step: number; stage: number; state: number }[] = [];
    for await (const { message } of gateway
      .client({ protocol: 'grpc-web' })
      .watchVideo({ name: video.name, afterSequence: after })) {
      if (message.case !== 'event') continue;
      const { sequence, snapshot, video: now } = message.value;
      expect(snapshot).toBe(false);
      const { step = 0, stage = Stage.UNSPECIFIED } = now?.progress ?? {};
      events.push({ sequence, step, stage, state: now!.state });
      if (events.length >= stopAfter) break;
    }
    return events;
  };
  const whole = watchEvents(0n);
  const first = await watchEvents(0n, 1);
  await expect
    .poll(async () => (await gateway.records.get({ owner: 'key-ann', videoId: idOf(video) }))?.record.state)
    .toBe(VideoState.RUNNING);
  for (let step = 1; step <= 5; step++) {
    await update('key-ann', video, (record) => {
      const task = findTask(record, { stage: PipelineStage.ENCODE, segment: 0 })!;
      Object.assign(task, {
        state: TaskState.RUNNING,
        step,
        steps: 5,
        leaseTime: timestampFromMs(Date.now() + 60_000),
      });
    });
  }
  const rest = watchEvents(first.at(-1)!.sequence);
  await finish('key-ann', video);
  expect([...first, ...(await rest)]).toEqual(await whole);
  const states = (await whole).map(({ state }) => state);
  expect(states.at(0)).toBe(Video_State.QUEUED);
  expect(states.at(-1)).toBe(Video_State.DONE);
  expect((await whole).map(({ step, stage }) => (stage === Stage.ENCODE ? step : 0))).toEqual(
    expect.arrayContaining([1, 2, 3, 4, 5]),
  );
});

test('queue positions are sent when they change, and are not part of the events', async () => {
  await cancelAll();
  const client = gateway.client();
  const ahead = [await createTestVideo(client), await createTestVideo(client)];
  const video = await createTestVideo(client);
  const positions: number[] = [];
  const watching = (async () => {
    for await (const { message } of client.watchVideo({ name: video.name })) {
      if (message.case !== 'progress' || message.value.queuePosition === undefined) continue;
      positions.push(message.value.queuePosition);
      if (message.value.queuePosition === 0) return;
    }
  })();
  await expect.poll(() => positions.at(-1)).toBe(1);
  await client.cancelVideo({ name: ahead[1]!.name });
  await watching;
  expect(positions).toEqual(positions.toSorted((a, b) => b - a));
});

test('one stream brings the changes of all videos of a caller, and of no one else', async () => {
  await cancelAll();
  const [client, bob] = [gateway.client(), gateway.client({ key: KEYS.bob })];
  const before = await createTestVideo(client);
  const end = new AbortController();
  const seen: string[] = [];
  const { RUNNING, CANCELLED } = Video_State;
  const watching = (async () => {
    for await (const { name, message } of client.watchVideos({}, { signal: end.signal })) {
      const what = message.case === 'video' ? `state ${message.value.state}` : message.case;
      seen.push(`${what} ${name === before.name ? 'before' : name === '' ? '' : name}`.trim());
    }
  })().catch(() => undefined);
  await expect.poll(() => seen.at(0)).toBe('started');
  await expect.poll(() => seen).toContain(`state ${RUNNING} before`);
  await createTestVideo(bob);
  const later = await createTestVideo(client);
  await client.cancelVideo({ name: later.name });
  await expect.poll(() => seen).toContain(`state ${CANCELLED} ${later.name}`);
  await client.deleteVideo({ name: before.name });
  // UNDO_MS is 2 s in these tests.
  await expect.poll(() => seen).toContain('removed before');
  end.abort();
  await watching;
  expect(seen.filter((entry) => !entry.includes('before') && !entry.includes(later.name))).toEqual(['started']);
});

test('a watcher that does not read is disconnected, and other calls still work', async () => {
  await cancelAll();
  const { name } = await createTestVideo();
  const body = JSON.stringify({ name });
  const envelope = Buffer.concat([Buffer.from([0, 0, 0, 0, body.length]), Buffer.from(body)]);
  const socket = connectSocket(gateway.port, '127.0.0.1');
  socket.write(
    `POST /cinematica.v1.VideoService/WatchVideo HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${KEYS.ann}\r\n` +
      `Content-Type: application/connect+json\r\nConnect-Protocol-Version: 1\r\nContent-Length: ${envelope.length}\r\n\r\n`,
  );
  socket.write(envelope);
  await once(socket, 'readable');
  socket.pause();
  const gone = once(socket, 'close');
  socket.on('error', () => undefined);
  // More than fits into the buffers between the gateway and the client.
  const big = 'x'.repeat(200_000);
  let dropped = false;
  for (let i = 0; i < 60 && !dropped; i++) {
    await gateway.records.update({ owner: 'key-ann', videoId: name.replace('videos/', '') }, (record) => {
      record.failure = {
        ...record.failure,
        $typeName: 'cinematica.internal.v1.Failure',
        reason: FailureReason.STAGE_FAILED,
        stage: PipelineStage.ENCODE,
        segment: i,
        message: big,
        permanent: false,
      };
      return changed();
    });
    const { watchers } = await watching();
    dropped = i > 5 && watchers === 0;
  }
  await expect.poll(async () => (await watching()).watchers).toBe(0);
  socket.resume();
  await gone;
  expect((await gateway.client().getVideo({ name })).video?.name).toBe(name);
});

async function watching(): Promise<{ watchers: number }> {
  const text = await gateway.metrics();
  return { watchers: Number(/^cinematica_watchers\{[^}]*\} (\d+)/m.exec(text)?.[1]) };
}
