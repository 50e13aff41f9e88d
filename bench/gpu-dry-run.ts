import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createModel, decode, denoise, openCheckpoint, resolveSettings } from '@cinematica/svd';
import type { Model } from '@cinematica/svd';
import { embedImage, encodeImage } from '@cinematica/svd/internal';
import { table } from '@cinematica/svd/parity';
import { buildStandIns } from '../test/dry-run-gpu/build.ts';
import { startDryRun } from '../test/dry-run-gpu/dry-run.ts';
import type { DeviceCounts, DryRun } from '../test/dry-run-gpu/dry-run.ts';
import { writeZeroCheckpoint } from './full-size/zero-checkpoint.ts';
import { printHelp } from './support/print-help.ts';

const USAGE = `usage: npm run bench -- gpu-dry-run [--sizes 1024x576] [--frames 25] [--chunk 8] [--parts encode,guided,unguided,cached,decode]
                                  [--memory 80] [--low-memory] [--json FILE]

Runs the graphs of SVD-XT at full size on ONNX Runtime's real CUDA provider without a GPU, under stand-ins for CUDA and cuDNN
(test/dry-run-gpu) that count memory, launches and copies, and compute nothing. Each part runs in its own process, as in a
real system, with zeros as weights. Needs gcc, pip and 4 GB of memory. It ends with an error at the first part that fails.
--memory: that of the device in GiB. --low-memory: in the mode for devices on which the parts do not fit together.
cached: a guided step after another one, with what that one has kept (DeepCache).`;
printHelp(USAGE);

const { values } = parseArgs({
  options: {
    sizes: { type: 'string', default: '1024x576' },
    frames: { type: 'string', default: '25' },
    chunk: { type: 'string', default: '8' },
    parts: { type: 'string', default: 'encode,guided,unguided,cached,decode' },
    memory: { type: 'string', default: '80' },
    'low-memory': { type: 'boolean', default: false },
    json: { type: 'string' },
  },
});
const STEPS = 4;
const GIB = 2 ** 30;

interface Shape {
  readonly width: number;
  readonly height: number;
  readonly frames: number;
  readonly chunk: number;
}

/** What a part has measured beside the counts at its end. */
interface Measured {
  /** Milliseconds of the host for a run after the first. */
  readonly hostMs: number;
  /** Copies and bytes of a run after the first. */
  readonly toDevice: readonly [copies: number, bytes: number];
  readonly toHost: readonly [copies: number, bytes: number];
}

type RunPart = (model: Model, dry: DryRun, shape: Shape) => Promise<Measured>;

const latentSize = ({ width, height }: Shape) => ({ channels: 4, height: height / 8, width: width / 8 });

interface State {
  readonly at: number;
  readonly counts: DeviceCounts;
}
const stateOf = async (dry: DryRun): Promise<State> => ({ counts: await dry.counts(), at: performance.now() });

function between(before: State, after: State): Measured {
  const delta = (name: keyof DeviceCounts) => after.counts[name] - before.counts[name];
  return {
    hostMs: after.at - before.at,
    toDevice: [delta('copiesToDevice'), delta('bytesToDevice')],
    toHost: [delta('copiesToHost'), delta('bytesToHost')],
  };
}

/** Measures the second of two runs. */
async function secondRun(dry: DryRun, run: () => Promise<void>): Promise<Measured> {
  await run();
  const before = await stateOf(dry);
  await run();
  return between(before, await stateOf(dry));
}

/** The last of four steps. */
const denoiseWith =
  (more: { readonly maxGuidance: number; readonly cacheInterval?: number }): RunPart =>
  async (model, dry, shape) => {
    const { width, height, frames } = shape;
    const { checkpoint } = model;
    const settings = resolveSettings(checkpoint.card, {
      ...{ width, height, frames, steps: STEPS, seed: 1, minGuidance: 1, cacheInterval: 1 },
      ...more,
    });
    const size = latentSize(shape);
    const zeros = (length: number) => new Float32Array(length);
    const conditioning = {
      ...size,
      imageEmbedding: zeros(checkpoint.imageEncoder.config.projection_dim),
      imageLatents: zeros(size.channels * size.height * size.width),
      previewMap: zeros(15),
    };
    const states: State[] = [];
    const onStep = async () => void states.push(await stateOf(dry));
    await denoise(model, conditioning, settings, { onStep });
    return between(states.at(-2)!, states.at(-1)!);
  };

const PARTS: Readonly<Record<string, RunPart>> = {
  async encode(model, dry, { width, height }) {
    const side = model.checkpoint.imageEncoder.config.image_size;
    return secondRun(dry, async () => {
      await embedImage(model, new Float32Array(3 * side * side));
      await encodeImage(model, new Float32Array(3 * width * height), { width, height });
    });
  },
  guided: denoiseWith({ maxGuidance: 3 }),
  unguided: denoiseWith({ maxGuidance: 1 }),
  cached: denoiseWith({ maxGuidance: 3, cacheInterval: STEPS }),
  async decode(model, dry, shape) {
    const size = latentSize(shape);
    const latents = new Float32Array(shape.frames * size.channels * size.height * size.width);
    return secondRun(dry, async () => {
      for await (const { count } of decode(model, latents, size, shape.chunk))
        if (count < 1) throw new Error('no frames');
    });
  },
};

const parts = values.parts.split(',');
const unknown = parts.find((part) => !(part in PARTS));
if (unknown !== undefined) {
  console.error(`${unknown} is not a part\n${USAGE}`);
  process.exit(2);
}
const built = await buildStandIns();
if ('missing' in built) {
  console.error(`The stand-ins cannot be built here: ${built.missing}.`);
  process.exit(1);
}

const folder = await mkdtemp(join(tmpdir(), 'cinematica-zeros-'));
const results: Record<string, unknown>[] = [];
try {
  await writeZeroCheckpoint(folder);
  const checkpoint = await openCheckpoint(folder);
  const rows: string[][] = [];
  for (const size of values.sizes.split(',')) {
    const [width = 0, height = 0] = size.split('x').map(Number);
    const shape = { width, height, frames: Number(values.frames), chunk: Number(values.chunk) };
    for (const part of parts) {
      const memory = Number(values.memory) * GIB;
      await using dry = await startDryRun({ libraries: built.folder, memory, discard: true });
      const model = createModel(checkpoint, dry.runtime, { lowMemory: values['low-memory'] });
      const measured = await PARTS[part]!(model, dry, shape);
      const counts = await dry.counts();
      if (counts.badLaunches > 0)
        throw new Error(`${part} at ${size}: ${counts.badLaunches} launches are out of bounds`);
      const copies = ([count, bytes]: readonly [number, number]) => `${count}, ${(bytes / 1e6).toFixed(1)} MB`;
      rows.push([
        `${part}, ${size}×${shape.frames}`,
        `${(counts.peak / GIB).toFixed(1)} GiB`,
        `${counts.launches}`,
        copies(measured.toDevice),
        copies(measured.toHost),
        `${measured.hostMs.toFixed(0)} ms`,
        `${(dry.runtime.stats().peakRss / GIB).toFixed(1)} GiB`,
      ]);
      results.push({
        part,
        ...shape,
        memory,
        lowMemory: values['low-memory'],
        ...measured,
        ...counts,
        peakRss: dry.runtime.stats().peakRss,
      });
    }
  }
  const columns = ['part', 'device memory', 'launches', 'to the device', 'to the host', 'host time', 'host memory'];
  console.log(table(columns, rows));
  console.log('Copies and host time are those of a step, of a photo, or of a whole video’s decoding, after the first.');
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(results, null, 2)}\n`);
} finally {
  await rm(folder, { recursive: true });
}
