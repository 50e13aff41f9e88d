import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect as connectNats } from '@nats-io/transport-node';
import { create, toBinary } from '@bufbuild/protobuf';
import { changed, PreviewSchema, previewSubject, RECORDS_STREAM, TaskState } from '@cinematica/pipeline';
import { WatchVideoRequestSchema } from '@cinematica/protocol/v1';
import { startTestGateway } from '@cinematica/gateway/testing/gateway';
import type { TestGateway } from '@cinematica/gateway/testing/gateway';
import { idOf } from '../../test/support/api.ts';
import { fieldPhoto } from '../../test/support/field-photo.ts';
import { residentMiB, separateCores, useAllCores } from './support/processes.ts';
import { outcome } from './support/row.ts';
import type { Family, Outcome } from './support/row.ts';
import { ms, quantile } from './support/statistics.ts';

const MANY = '1000000';
const WATCHERS = 500;
const VIDEOS = 10;
const STALLED = 50;
const STALL_MS = 20_000;
const PREVIEW_BYTES = 200_000;

export const watchers: Family = {
  rows: [
    {
      id: 'R19',
      what: `from a change to ${WATCHERS} watchers, p99, the generator on its own core; consumers of the gateway; memory`,
      target: '≤ 250 ms; ≤ 2; ≤ +100 MiB',
    },
    {
      id: 'R20',
      what: `${STALLED} watchers that never read, of ${PREVIEW_BYTES / 1000} kB twice a second: p99 of others, relative to when they read; memory; closed`,
      target: '≤ 1.2 ×; ≤ +64 MiB; all',
    },
  ],
  async run(_, wanted): Promise<Outcome[]> {
    await using gateway = await startTestGateway({
      CALLS_PER_SECOND: MANY,
      MAX_WATCHES_PER_CALLER: MANY,
      MAX_ACTIVE_PER_OWNER: MANY,
      ADMIT_RUNNING: '1',
      WATCHER_STALL_MS: String(STALL_MS),
      NODE_OPTIONS: '--max-semi-space-size=4',
    });
    const apart = separateCores([gateway.pid, gateway.nats.pid]);
    try {
      const client = gateway.client();
      const source = { case: 'image' as const, value: await fieldPhoto() };
      const names: string[] = [];
      for (let i = 0; i < VIDEOS; i++) names.push((await client.createVideo({ source })).video!.name);
      const outcomes: Outcome[] = [];
      if (wanted.has('R19')) outcomes.push(await manyWatchers(gateway, names));
      if (wanted.has('R20')) outcomes.push(await stalledWatchers(gateway, names));
      return outcomes;
    } finally {
      if (apart) useAllCores();
    }
  },
};

async function manyWatchers(gateway: TestGateway, names: readonly string[]): Promise<Outcome> {
  const before = residentMiB(gateway.pid);
  await using load = await watchAndChange(gateway, names, WATCHERS);
  await delay(20_000);
  const most = residentMiB(gateway.pid) - before;
  const nats = await connectNats({ servers: gateway.nats.url });
  const manager = await jetstreamManager(nats, { checkAPI: false });
  const { state } = await manager.streams.info(RECORDS_STREAM);
  const consumers = state.consumer_count;
  await nats.close();
  const p99 = quantile(load.latencies, 0.99);
  const figure = `p50 ${ms(quantile(load.latencies, 0.5))}, p99 ${ms(p99)} of ${load.latencies.length} events; ${consumers}; +${most.toFixed(0)} MiB`;
  return outcome('R19', p99 <= 250 && consumers <= 2 && most <= 100, figure);
}

async function stalledWatchers(gateway: TestGateway, names: readonly string[]): Promise<Outcome> {
  await using load = await watchAndChange(gateway, names, 50);
  const video = names[0]!;
  const measure = async (sockets: readonly Socket[], duration: number) => {
    const before = residentMiB(gateway.pid);
    load.latencies.length = 0;
    const most = await publishPreviews(gateway, video, duration);
    const p99 = quantile(load.latencies, 0.99);
    // The rest of what the kernel buffered comes first, then the end.
    for (const socket of sockets) socket.resume();
    await delay(2_000);
    const closed = sockets.filter(({ destroyed, readableEnded }) => destroyed || readableEnded).length;
    for (const socket of sockets) socket.destroy();
    return { p99, grown: most - before, closed };
  };
  const open = () => Promise.all(Array.from({ length: STALLED }, () => openWatch(gateway, video)));
  const reading = await open();
  for (const socket of reading) socket.resume();
  const base = await measure(reading, 20_000);
  await delay(1_000);
  const stalled = await measure(await open(), 60_000);
  const share = stalled.p99 / base.p99;
  const figure = `p99 ${ms(base.p99)} while they read → ${ms(stalled.p99)}, ${share.toFixed(2)} ×; ${signed(stalled.grown)} MiB (${signed(base.grown)} while they read); ${stalled.closed} of ${STALLED} closed`;
  return outcome('R20', share <= 1.2 && stalled.grown <= 64 && stalled.closed === STALLED, figure);
}

/** Publishes large previews of a video. @returns the most memory of the gateway during that. MiB. */
async function publishPreviews(gateway: TestGateway, video: string, duration: number): Promise<number> {
  const nats = await connectNats({ servers: gateway.nats.url });
  let most = 0;
  const begun = performance.now();
  // The kernel buffers a few megabytes for each connection; after that the gateway has to wait.
  for (let step = 1; performance.now() - begun < duration; step++) {
    const data = new Uint8Array(PREVIEW_BYTES).fill(step);
    const preview = create(PreviewSchema, { mediaType: 'image/webp', data, step: step % 100, segment: 0 });
    nats.publish(previewSubject(idOf({ name: video })), toBinary(PreviewSchema, preview));
    most = Math.max(most, residentMiB(gateway.pid));
    await delay(500);
  }
  await nats.close();
  return most;
}

const signed = (value: number): string => `${value >= 0 ? '+' : ''}${value.toFixed(0)}`;

/** Opens a watch over HTTP. It is paused after the first bytes. */
async function openWatch({ port }: TestGateway, name: string): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  const message = toBinary(WatchVideoRequestSchema, create(WatchVideoRequestSchema, { name }));
  const envelope = Buffer.alloc(5);
  envelope.writeUInt32BE(message.length, 1);
  const head = [
    'POST /cinematica.v1.VideoService/WatchVideo HTTP/1.1',
    'Host: gateway',
    'Authorization: Bearer key-of-ann',
    'Content-Type: application/connect+proto',
    'Connect-Protocol-Version: 1',
    `Content-Length: ${message.length + 5}`,
  ];
  socket.write(`${head.join('\r\n')}\r\n\r\n`);
  socket.write(Buffer.concat([envelope, message]));
  await once(socket, 'data');
  return socket.pause();
}

/** Watchers of videos that change once a second, until the result is disposed. */
async function watchAndChange(gateway: TestGateway, names: readonly string[], count: number) {
  const client = gateway.client();
  const ended = new AbortController();
  /** When each change was made, by video and revision. */
  const made = new Map<string, number>();
  const latencies: number[] = [];
  let connected = 0;
  const watch = async (name: string) => {
    let first = true;
    for await (const { message } of client.watchVideo({ name }, { signal: ended.signal })) {
      if (first) connected++;
      first = false;
      if (message.case !== 'event') continue;
      const time = made.get(`${name} ${message.value.sequence}`);
      if (time !== undefined) latencies.push(performance.now() - time);
    }
  };
  const change = async (name: string, index: number) => {
    await delay((index * 1_000) / names.length);
    while (!ended.signal.aborted) {
      const begun = performance.now();
      const { stored } = await gateway.records.update({ owner: 'key-ann', videoId: idOf({ name }) }, (record) => {
        const task = record.tasks[0]!;
        Object.assign(task, { state: TaskState.READY, step: (task.step + 1) % 10_000, steps: 10_000 });
        return changed();
      });
      made.set(`${name} ${stored.revision}`, begun);
      await delay(1_000);
    }
  };
  const watching = Array.from({ length: count }, (_, i) => watch(names[i % names.length]!).catch(() => undefined));
  while (connected < count) await delay(50);
  const changing = names.map(change);
  return {
    latencies,
    async [Symbol.asyncDispose]() {
      ended.abort();
      await Promise.all([...watching, ...changing]);
    },
  };
}
