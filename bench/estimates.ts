import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { durationMs } from '@bufbuild/protobuf/wkt';
import { EstimateBasis, Resolution, Video_State } from '@cinematica/protocol/v1';
import { table } from '@cinematica/svd/parity';
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { VideoSettingsSchema } from '@cinematica/protocol/v1';
import { startBenchSystem } from './support/bench-system.ts';
import { measureCpuUse } from './support/cpu-use.ts';
import { printHelp } from './support/print-help.ts';

/** From here on, the cores that other programs use change how long a video takes. */
const BUSY = 0.2;
/** A person needs this long to choose the first photo. Until then, the stages have measured the speed of an idle machine. */
const CHOOSING_MS = 25_000;

const USAGE = `usage: npm run bench -- estimates PHOTO [--model models/nano] [--frames 50] [--videos 6]

Compares what a new system says with how long it takes: makes videos one after the other, and asks before each how long it
will take. The first one is predicted; the others are based on measurements. "other programs" is how many cores they kept
busy meanwhile: an estimate cannot foresee them, so that a row with more than ${BUSY} says little, and is marked with ~.`;
printHelp(USAGE);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    model: { type: 'string', default: 'models/nano' },
    frames: { type: 'string', default: '50' },
    videos: { type: 'string', default: '6' },
  },
});
const [photo] = positionals;
const frames = Number(values.frames);
const count = Number(values.videos);
if (photo === undefined || !(frames > 0) || !(count > 0)) {
  console.error(USAGE);
  process.exit(2);
}

type Settings = MessageInitShape<typeof VideoSettingsSchema>;
await using system = await startBenchSystem(values.model, { CALLS_PER_SECOND: '1000' });
const { client } = system;
const image = new Uint8Array(await readFile(photo));
const VIDEOS: readonly (readonly [string, Settings])[] = [
  ['the first one', { frames }],
  ['the same again', { frames }],
  ['full HD', { frames, resolution: Resolution.FULL_HD }],
  ['the model’s pixels', { frames, resolution: Resolution.MODEL }],
  ['a square', { frames, shape: { case: 'aspectRatio', value: { width: 1, height: 1 } } }],
  ['the first one again', { frames }],
];

const rows: string[][] = [];
// Every stage has reported its speed by then.
await expectEstimate();
await delay(CHOOSING_MS);
for (const [name, settings] of VIDEOS.slice(0, count)) {
  const said = (await client.estimateVideo({ settings, photoWidth: 1600, photoHeight: 900 })).estimate;
  const start = performance.now();
  const cpuUse = measureCpuUse();
  const { video } = await client.createVideo({ source: { case: 'image', value: image }, settings });
  let state: Video_State = Video_State.UNSPECIFIED;
  let [longest, largest] = [0, 0];
  for await (const { message } of client.watchVideo({ name: video!.name })) {
    const elapsed = (performance.now() - start) / 1000;
    if (message.case === 'progress' && message.value.remaining) {
      longest = Math.max(longest, elapsed + durationMs(message.value.remaining) / 1000);
      largest = Math.max(largest, message.value.fraction);
    }
    if (message.case === 'event') state = message.value.video?.state ?? state;
  }
  const took = (performance.now() - start) / 1000;
  const { others } = cpuUse();
  const seconds = said?.remaining ? durationMs(said.remaining) / 1000 : NaN;
  rows.push([
    name,
    said ? (said.basis === EstimateBasis.MEASURED ? 'measured' : 'predicted') : 'unknown',
    `${seconds.toFixed(0)} s`,
    `${took.toFixed(1)} s`,
    `${others > BUSY ? '~' : ''}${(seconds / took).toFixed(2)}`,
    `${longest.toFixed(0)} s`,
    `${(100 * largest).toFixed(0)} %`,
    others.toFixed(2),
    state === Video_State.DONE ? 'done' : 'not done',
  ]);
  console.error(rows.at(-1)!.join('  '));
}
console.log(
  table(
    ['video', 'basis', 'said before', 'took', 'said / took', 'latest end said', 'largest %', 'other programs', 'state'],
    rows,
  ),
);

/** Waits until the system knows how fast it is. */
async function expectEstimate(): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if ((await client.estimateVideo({ photoWidth: 1600, photoHeight: 900 })).estimate) return;
    await delay(200);
  }
  throw new Error('the system gives no estimate');
}
