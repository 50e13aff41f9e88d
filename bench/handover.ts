import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { loadImage, openModel } from '@cinematica/svd';
import type { Model, RgbImage } from '@cinematica/svd';
import { table } from '@cinematica/svd/parity';
import { measureJoinedVideo } from './handover/measure.ts';
import type { Joined } from './handover/measure.ts';
import { contactSheet } from './nano/contact-sheet.ts';
import { mean } from './nano/likeness.ts';
import { makeFrames } from './nano/make-frames.ts';
import type { JoinOptions, MadeFrames } from './nano/make-frames.ts';
import { printHelp } from './support/print-help.ts';

const USAGE = `usage: npm run bench -- handover PHOTO... [--model models/nano] [--size 256x160] [--frames 50] [--windows 25,13]
                               [--seed 1] [--threads 2] [--sheet FILE.jpg]

Compares ways to join the segments of a video. Each photo's video is made in one segment if the model's window allows it,
then in segments of each of --windows. A segment starts from the last latents, or from the last frame, decoded and encoded
again; its color statistics are matched to the first segment, or not. Prints means over the photos. seam: the warped
difference across a seam, relative to that of other frames (1 is invisible); drift: the largest deviation of a color
channel's mean (of 255) and standard deviation (%) from the first segment; sharpness: of the last frame, relative to the
first; likeness: to the video in one segment. --sheet: for the first photo, a row for each way, with the last frame before
the first seam, the frame after it, and frames at three quarters and at the end of the video.`;
printHelp(USAGE);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    model: { type: 'string', default: 'models/nano' },
    size: { type: 'string', default: '256x160' },
    frames: { type: 'string', default: '50' },
    windows: { type: 'string', default: '25,13' },
    seed: { type: 'string', default: '1' },
    threads: { type: 'string', default: '2' },
    sheet: { type: 'string' },
  },
});
const [width = 0, height = 0] = values.size.split('x').map(Number);
const [frames, seed, threads] = [values.frames, values.seed, values.threads].map(Number) as [number, number, number];
const windows = values.windows.split(',').map(Number);
if (positionals.length === 0 || ![width, height, frames, threads, ...windows].every((value) => value > 0)) {
  console.error(USAGE);
  process.exit(2);
}

const VARIANTS: readonly (readonly [string, JoinOptions])[] = [
  ['latents, colors matched', { handOver: 'latents', matchColors: true }],
  ['latents', { handOver: 'latents', matchColors: false }],
  ['encoded again, colors matched', { handOver: 'pixels', matchColors: true }],
  ['encoded again', { handOver: 'pixels', matchColors: false }],
];

await using model = await openModel(values.model, { provider: 'cpu', threads });
const measured = new Map<string, Joined[]>();
const sheet: RgbImage[][] = [];
for (const [index, file] of positionals.entries()) await compare(model, file, index === 0);
report();
if (values.sheet) await contactSheet(sheet, values.sheet, 192);

async function compare(on: Model, file: string, shown: boolean): Promise<void> {
  const photo = await loadImage(file);
  const make = (joining: JoinOptions) => makeFrames(on, photo, frames, { width, height, seed }, undefined, joining);
  const whole = frames <= on.checkpoint.card.window ? await make({}) : null;
  if (whole) record('one segment', whole, null);
  if (whole && shown) sheet.push(samples(whole, Math.ceil(frames / 2)));
  for (const window of windows) {
    for (const [name, joining] of VARIANTS) {
      const made = await make({ ...joining, window });
      record(`${made.seams.length + 1} segments, ${name}`, made, whole);
      if (shown) sheet.push(samples(made, made.seams[0] ?? Math.ceil(frames / 2)));
    }
  }
  console.error(`› ${basename(file)}`);
}

function record(name: string, made: MadeFrames, whole: MadeFrames | null): void {
  measured.set(name, [...(measured.get(name) ?? []), measureJoinedVideo(made, whole)]);
}

function samples({ frames: all }: MadeFrames, seam: number): RgbImage[] {
  return [0, seam - 1, seam, Math.round(0.75 * (all.length - 1)), all.length - 1].map((at) => all[at]!);
}

function report(): void {
  const number = (value: number, digits: number) => (Number.isNaN(value) ? '' : value.toFixed(digits));
  const rows = [...measured].map(([name, all]) => {
    const of = (key: keyof Joined) => mean(all.map((joined) => joined[key]));
    return [
      name,
      number(of('seam'), 2),
      number(of('meanDrift'), 1),
      `${number(100 * of('stdDrift'), 1)} %`,
      number(of('sharpness'), 2),
      number(of('likeness'), 1),
    ];
  });
  console.log(
    `${width}×${height}, ${frames} frames, ${positionals.length} photo${positionals.length === 1 ? '' : 's'}, seed ${seed}, ${values.model}\n`,
  );
  console.log(table(['', 'seam', 'mean drift', 'std drift', 'sharpness', 'likeness dB'], rows));
}
