import { PipelineStage } from '@cinematica/pipeline';
import type { StoredRecord } from '@cinematica/pipeline';
import { MediaKind, Video_State } from '@cinematica/protocol/v1';
import type { Video } from '@cinematica/protocol/v1';
import { timestampMs } from '@bufbuild/protobuf/wkt';
import type { Timestamp } from '@bufbuild/protobuf/wkt';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { table } from '@cinematica/svd/parity';
import { openInProcess } from './support/in-process.ts';
import type { Made } from './support/in-process.ts';
import { startBenchSystem } from './support/bench-system.ts';
import { startOtlpReceiver } from '../test/support/otlp-receiver.ts';
import { sumSpans } from './support/sum-spans.ts';
import { printHelp } from './support/print-help.ts';

const USAGE = `usage: npm run bench -- pipeline --model DIR [--size 128x64] [--frames N] [--steps N] [--threads N] [--runs 5]
                               [--queue 10] [--photo FILE] [--spans]

Compares the whole system with the same computation in one process: time and bytes of one video, videos per minute with a
queue, and the time to the first preview. Each side makes one video before the measurement; then they take turns. The
defaults of size, frames and steps are those of the model. --spans: also prints the trace spans of each stage, which slows
the system down a little.`;
printHelp(USAGE);

const { values } = parseArgs({
  options: {
    model: { type: 'string' },
    size: { type: 'string' },
    frames: { type: 'string' },
    steps: { type: 'string' },
    threads: { type: 'string', default: String(availableParallelism()) },
    runs: { type: 'string', default: '5' },
    queue: { type: 'string', default: '10' },
    photo: { type: 'string' },
    spans: { type: 'boolean', default: false },
  },
});
const [threads, runs, queue] = [values.threads, values.runs, values.queue].map(Number) as [number, number, number];
const [width, height] = values.size?.split('x').map(Number) ?? [];
const given = [values.frames, values.steps, width, height].filter((value) => value !== undefined).map(Number);
if (values.model === undefined || ![threads, runs, queue, ...given].every((value) => value > 0)) {
  console.error(USAGE);
  process.exit(2);
}
const model = resolve(values.model);
const settings = {
  seed: 1,
  ...(values.frames === undefined ? {} : { frames: Number(values.frames) }),
  ...(values.steps === undefined ? {} : { steps: Number(values.steps) }),
  ...(width && height ? { shape: { case: 'size' as const, value: { width, height } } } : {}),
};
const noise = { type: 'gaussian', mean: 128, sigma: 20 } as const;
const photo = values.photo
  ? sharp(values.photo)
  : sharp({ create: { width: 1024, height: 768, channels: 3, noise, background: 'grey' } }).blur(4);
const image = await photo.jpeg().toBuffer();

await using receiver = await startOtlpReceiver();
await using system = await startBenchSystem(model, {
  THREADS: String(threads),
  MUX_THREADS: String(threads),
  ...(values.spans ? { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint } : {}),
});
await using alone = await openInProcess(model, threads, threads);
const { client } = system;

/** A video made by the system. Times of the client in milliseconds since 1970. */
interface SystemRun {
  readonly video: Video;
  readonly sent: number;
  readonly preview: number;
  readonly done: number;
  readonly fetched: number;
  readonly mp4: Uint8Array;
}

async function create(): Promise<Video> {
  return (await client.createVideo({ source: { case: 'image', value: image }, settings })).video!;
}

async function makeBySystem(): Promise<SystemRun> {
  const sent = Date.now();
  const { name } = await create();
  let preview = Number.NaN;
  for await (const { message } of client.watchVideo({ name })) {
    if (message.case === 'preview' && Number.isNaN(preview)) preview = Date.now();
    const video = message.case === 'event' ? message.value.video : undefined;
    if (video?.state === Video_State.FAILED) throw new Error(video.error?.message);
    if (video?.state !== Video_State.DONE) continue;
    const done = Date.now();
    const mp4 = await fetchMedia(video, MediaKind.MP4);
    return { video, sent, preview, done, fetched: Date.now(), mp4 };
  }
  throw new Error('the stream of events ended early');
}

async function fetchMedia({ media }: Video, kind: MediaKind): Promise<Uint8Array> {
  const { url } = media.find((each) => each.kind === kind)!;
  return (await fetch(new URL(url, system.url))).bytes();
}

const first = await makeBySystem();
const { plan } = (await system.record(first.video.name)).record;
if (!plan) throw new Error('the record of a finished video has no plan');
const kept = await fetchMedia(first.video, MediaKind.PHOTO);
const reference = await alone.make(plan, kept);
if (Buffer.compare(reference.mp4, first.mp4) !== 0) throw new Error('the two sides made different videos');

const seen: { readonly seen: SystemRun; readonly record: StoredRecord }[] = [];
const made: Made[] = [];
let traffic = { messages: 0, bytes: 0 };
const before = await system.counters();
await spansSent();
const spansBefore = receiver.spans.length;
for (let run = 0; run < runs; run++) {
  const start = await system.traffic();
  const one = await makeBySystem();
  const end = await system.traffic();
  traffic = { messages: end.messages - start.messages, bytes: end.bytes - start.bytes };
  seen.push({ seen: one, record: await system.record(one.video.name) });
  made.push(await alone.make(plan, kept));
}
const after = await system.counters();
await spansSent();
const spans = receiver.spans.slice(spansBefore);

const time = (timestamp: Timestamp | undefined): number => (timestamp ? timestampMs(timestamp) : Number.NaN);
const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[(numbers.length - 1) >> 1] ?? 0;
const ms = (value: number): string => `${value.toFixed(0)} ms`;

/** The median times of one part, in the system and in one process. */
function row(name: string, bySystem: (one: (typeof seen)[number]) => number, byAlone?: (one: Made) => number) {
  const here = median(seen.map(bySystem));
  const there = byAlone ? median(made.map(byAlone)) : 0;
  return [name, byAlone ? ms(there) : '', ms(here), ms(here - there)];
}

const tasks = ({ record }: (typeof seen)[number], stage: PipelineStage) =>
  record.record.tasks.filter((task) => task.stage === stage);
const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
const STAGES = {
  encode: PipelineStage.ENCODE,
  denoise: PipelineStage.DENOISE,
  decode: PipelineStage.DECODE,
  mux: PipelineStage.MUX,
};
const total = (one: Made): number => sum([...one.stages.values()]);

const rows = [
  row('photo: upload, decoding, storage', (one) => time(one.record.record.createTime) - one.seen.sent),
  row('admission', ({ record: { record } }) => time(record.startTime) - time(record.createTime)),
  ...Object.entries(STAGES).flatMap(([name, stage]) => [
    row(`${name}: queue`, (one) => sum(tasks(one, stage).map((task) => time(task.startTime) - time(task.readyTime)))),
    row(
      `${name}: work`,
      (one) => sum(tasks(one, stage).map((task) => time(task.endTime) - time(task.startTime))),
      (one) => one.stages.get(stage) ?? 0,
    ),
  ]),
  row('event to the client', (one) => one.seen.done - time(one.record.record.endTime)),
  row('download', (one) => one.seen.fetched - one.seen.done),
  row('total, from the request to the mp4', (one) => one.seen.fetched - one.seen.sent, total),
];
const { frames, steps, segments } = plan;
const size = `${plan.width}×${plan.height}`;
console.log(
  `${size}, ${frames} frames in ${segments} segments, ${steps} steps, ${threads} threads; medians of ${runs}, warm\n`,
);
console.log(table(['one video', 'one process', 'system', 'difference'], rows));

const [aloneTotal, systemTotal] = [
  median(made.map(total)),
  median(seen.map(({ seen: one }) => one.fetched - one.sent)),
];
const kB = (bytes: number): string => `${(bytes / 1000).toFixed(1)} kB`;
console.log(`
overhead: ${(((systemTotal - aloneTotal) / aloneTotal) * 100).toFixed(1)} % (${ms(systemTotal - aloneTotal)})
first preview: ${ms(median(seen.map(({ seen: one }) => one.preview - one.sent)))} after CreateVideo was called
`);

/** Counted amounts per video. */
const each = (counter: keyof typeof after, format: (amount: number) => string) =>
  [...after[counter]].map(([name, count]) => [name, format((count - (before[counter].get(name) ?? 0)) / runs)]);

const photoBytes = [
  ['uploaded photo', kB(image.length)],
  ['stored photo', kB(kept.length)],
];
const other = [
  ['downloaded mp4', kB(first.mp4.length)],
  ['total through NATS, in and out', kB(traffic.bytes)],
  ['messages through NATS, in and out', String(traffic.messages)],
];
console.log(`${table(['bytes of one video', ''], [...photoBytes, ...each('artifacts', kB), ...other])}\n`);

console.log(
  `${table(
    ['CPU time of one video, without the ONNX Runtime process', ''],
    each('cpu', (seconds) => ms(seconds * 1000)),
  )}\n`,
);

if (values.spans) console.log(`${sumSpans(spans, runs)}\n`);

const begunAlone = performance.now();
for (let i = 0; i < queue; i++) await alone.make(plan, kept);
const rateAlone = (queue * 60_000) / (performance.now() - begunAlone);
const begun = performance.now();
const names = await Promise.all(Array.from({ length: queue }, async () => (await create()).name));
await Promise.all(names.map(untilDone));
const rate = (queue * 60_000) / (performance.now() - begun);
console.log(
  table(
    [`videos per minute, ${queue} videos`, ''],
    [
      ['one process, one after another', rateAlone.toFixed(1)],
      ['system, all requested at the same time', rate.toFixed(1)],
      ['system / one process', (rate / rateAlone).toFixed(2)],
    ],
  ),
);

async function untilDone(name: string): Promise<void> {
  for await (const { message } of client.watchVideo({ name })) {
    if (message.case === 'event' && message.value.video?.state === Video_State.DONE) return;
  }
  throw new Error(`${name} is not done`);
}

/** Waits until the services have sent their spans, which they do every two seconds. */
async function spansSent(): Promise<void> {
  if (values.spans) await delay(3_000);
}
