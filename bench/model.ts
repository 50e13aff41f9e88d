import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import {
  createModel,
  createRuntime,
  decodeChunks,
  denoise,
  openCheckpoint,
  parseExecutionProvider,
  resolveSettings,
} from '@cinematica/svd';
import type { Model } from '@cinematica/svd';
import { decodeTogether, embedImage, encodeImage, normals } from '@cinematica/svd/internal';
import { table } from '@cinematica/svd/parity';
import { printHelp } from './support/print-help.ts';

const USAGE = `usage: npm run bench -- model CHECKPOINT [--size 128x128] [--frames 2] [--chunk N] [--threads 2] [--runs 3]
                            [--parts clip,encode,unet_1,unet_2,decode] [--diffusers PYTHON]

Measures each part of the model: the time to load its graph, and the time of one run (the median of --runs after a warm-up).
unet_1 is a denoising step without guidance, unet_2 one with guidance. --diffusers: a Python with torch and diffusers, to
measure the same parts there, in turn with this project's.`;
printHelp(USAGE);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    size: { type: 'string', default: '128x128' },
    frames: { type: 'string', default: '2' },
    chunk: { type: 'string' },
    threads: { type: 'string', default: '2' },
    runs: { type: 'string', default: '3' },
    parts: { type: 'string', default: 'clip,encode,unet_1,unet_2,decode' },
    diffusers: { type: 'string' },
  },
});
const [folder] = positionals;
const [width = 0, height = 0] = values.size.split('x').map(Number);
const frames = Number(values.frames);
const chunk = Number(values.chunk ?? values.frames);
const runs = Number(values.runs);
const threads = Number(values.threads);
if (!folder || ![width, height, frames, chunk, runs, threads].every((value) => value > 0)) {
  console.error(USAGE);
  process.exit(2);
}

const checkpoint = await openCheckpoint(folder);
const factor = checkpoint.vae.scaleFactor;
const size = { channels: checkpoint.vae.config.latent_channels, height: height / factor, width: width / factor };
const made = new Map<string, Float32Array>();

/** Normal numbers, which are computed once for each name, so that they do not affect the measurement. */
function random(length: number, tensor: string): Float32Array {
  const numbers = made.get(tensor) ?? normals({ seed: 1, segment: 0, step: 0, tensor }, length);
  made.set(tensor, numbers);
  return numbers;
}

/** Runs a part. Returns the seconds to count if they are not those of the whole run. */
const parts: Readonly<Record<string, (model: Model) => Promise<number | undefined>>> = {
  async clip(model) {
    const side = checkpoint.imageEncoder.config.image_size;
    await embedImage(model, random(3 * side * side, 'clip'));
    return undefined;
  },
  async encode(model) {
    await encodeImage(model, random(3 * width * height, 'pixels'), { width, height });
    return undefined;
  },
  unet_1: (model) => oneStep(model, 1),
  unet_2: (model) => oneStep(model, 3),
  async decode(model) {
    const frame = size.channels * size.height * size.width;
    const latents = random(frames * frame, 'latents');
    for (const { first, count } of decodeChunks(frames, chunk)) {
      await decodeTogether(model, latents.subarray(first * frame, (first + count) * frame), size, 'rgb8');
    }
    return undefined;
  },
};

/** The time of the second of two steps, without the work that is done once per video. */
async function oneStep(model: Model, maxGuidance: number): Promise<number> {
  const conditioning = {
    ...size,
    imageEmbedding: random(checkpoint.imageEncoder.config.projection_dim, 'embedding'),
    imageLatents: random(size.channels * size.height * size.width, 'image'),
    previewMap: new Float32Array(),
  };
  const request = { width, height, seed: 1, frames, steps: 2, minGuidance: 1, maxGuidance, sampler: 'euler' } as const;
  let last = performance.now();
  let seconds = 0;
  await denoise(model, conditioning, resolveSettings(checkpoint.card, request), {
    onStep() {
      seconds = (performance.now() - last) / 1000;
      last = performance.now();
    },
  });
  return seconds;
}

interface Timing {
  readonly seconds: number;
  readonly load?: number;
  readonly rss?: number;
  readonly peak?: number;
}

async function ours(part: (model: Model) => Promise<number | undefined>): Promise<Timing> {
  const provider = parseExecutionProvider(process.env.EXECUTION_PROVIDER);
  await using model = createModel(checkpoint, await createRuntime({ provider, threads }));
  const times: number[] = [];
  for (let run = 0; run <= runs; run++) {
    const start = performance.now();
    const seconds = await part(model);
    times.push(seconds ?? (performance.now() - start) / 1000);
  }
  const { rss, peakRss, graphs } = model.runtime.stats();
  const load = Object.values(graphs).reduce((sum, graph) => sum + graph.loadMs, 0) / 1000;
  return { seconds: median(times.slice(1)), load, rss, peak: peakRss };
}

async function diffusers(python: string, checkpointFolder: string, part: string): Promise<Timing> {
  const script = fileURLToPath(new URL('../test/golden/make/bench_diffusers.py', import.meta.url));
  const options = { size: values.size, frames, chunk, threads, runs, parts: part };
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = spawn(python, [script, checkpointFolder, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface(child.stdout)) {
    const { seconds } = JSON.parse(line) as { seconds: number };
    return { seconds };
  }
  throw new Error(`${python} ${script} printed nothing`);
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return ((sorted[(sorted.length - 1) >> 1] ?? NaN) + (sorted[sorted.length >> 1] ?? NaN)) / 2;
}

const gigabytes = (bytes = 0) => `${(bytes / 1e9).toFixed(2)} GB`;
const rows: string[][] = [];
for (const name of values.parts.split(',')) {
  const part = parts[name];
  if (!part) {
    console.error(`there is no part "${name}"\n\n${USAGE}`);
    process.exit(2);
  }
  const here = await ours(part);
  const there = values.diffusers ? await diffusers(values.diffusers, folder, name) : null;
  rows.push([
    name,
    `${(here.load ?? 0).toFixed(2)} s`,
    `${here.seconds.toFixed(3)} s`,
    gigabytes(here.rss),
    gigabytes(here.peak),
    ...(there ? [`${there.seconds.toFixed(3)} s`, `${(there.seconds / here.seconds).toFixed(2)} ×`] : []),
  ]);
}
console.log(`${folder}: ${width}×${height}, ${frames} frames, ${threads} threads, median of ${runs}`);
console.log(
  table(['part', 'load', 'run', 'resident', 'peak', ...(values.diffusers ? ['diffusers', 'faster'] : [])], rows),
);
