import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { durationMs } from '@bufbuild/protobuf/wkt';
import { EstimateBasis, Resolution, Video_State, VideoService } from '@cinematica/protocol/v1';
import { table } from '@cinematica/svd/parity';
import { createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { VideoSettingsSchema } from '@cinematica/protocol/v1';
import { printHelp } from './support/print-help.ts';

const USAGE = `usage: npm run bench -- estimates PHOTO [--address http://127.0.0.1:8080] [--key FILE] [--short]

Compares what a running system says with how long it takes: makes videos one after the other and asks before each how long
it will take. On a system without videos, the first one is predicted; the others are measured. --short: videos of 15 frames.`;
printHelp(USAGE);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    address: { type: 'string', default: 'http://127.0.0.1:8080' },
    key: { type: 'string', default: '.data/api-key' },
    short: { type: 'boolean', default: false },
  },
});
const [photo] = positionals;
if (photo === undefined) {
  console.error(USAGE);
  process.exit(2);
}

type Settings = MessageInitShape<typeof VideoSettingsSchema>;
const key = (await readFile(values.key, 'utf8')).trim();
const client = createClient(
  VideoService,
  createConnectTransport({
    baseUrl: values.address,
    httpVersion: '2',
    interceptors: [
      (next) => (request) => {
        request.header.set('authorization', `Bearer ${key}`);
        return next(request);
      },
    ],
  }),
);
const image = new Uint8Array(await readFile(photo));
const frames = values.short ? 15 : 50;
const VIDEOS: readonly (readonly [string, Settings])[] = [
  ['the first one', { frames }],
  ['the same again', { frames }],
  ['full HD', { frames, resolution: Resolution.FULL_HD }],
  ['the model’s pixels', { frames, resolution: Resolution.MODEL }],
  ['a square', { frames, shape: { case: 'aspectRatio', value: { width: 1, height: 1 } } }],
  ['the first one again', { frames }],
];

const rows: string[][] = [];
for (const [name, settings] of VIDEOS) {
  const said = (await client.estimateVideo({ settings, photoWidth: 1600, photoHeight: 900 })).estimate;
  const start = performance.now();
  const { video } = await client.createVideo({ source: { case: 'image', value: image }, settings });
  let state = Video_State.UNSPECIFIED;
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
  const seconds = said?.remaining ? durationMs(said.remaining) / 1000 : NaN;
  rows.push([
    name,
    said ? EstimateBasis[said.basis].toLowerCase() : 'unknown',
    `${seconds.toFixed(0)} s`,
    `${took.toFixed(1)} s`,
    (seconds / took).toFixed(2),
    `${longest.toFixed(0)} s`,
    `${(100 * largest).toFixed(0)} %`,
    Video_State[state],
  ]);
  console.error(rows.at(-1)!.join('  '));
}
console.log(table(['video', 'basis', 'said before', 'took', 'said / took', 'latest end said', 'largest %', 'state'], rows));
