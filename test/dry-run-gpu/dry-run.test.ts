import { join } from 'node:path';
import { chooseRuntime, createModel, decode, denoise, encode, openCheckpoint, resolveSettings } from '@cinematica/svd';
import type { Model } from '@cinematica/svd';
import { expect, test } from 'vitest';
import { buildStandIns } from './build.ts';
import { standInEnvironment, startDryRun } from './dry-run.ts';
import type { DeviceCounts } from './dry-run.ts';

const MODEL = join(import.meta.dirname, '../golden/tiny-xt/checkpoint');
const MEMORY = 2 ** 30;
const photo = { width: 64, height: 64, data: new Uint8Array(64 * 64 * 3).fill(99) };

const built = await buildStandIns();
const libraries = 'folder' in built ? built.folder : '';
const here = 'missing' in built ? ` (skipped: ${built.missing})` : '';

interface Shape {
  readonly width: number;
  readonly height: number;
  readonly frames: number;
  readonly guided: boolean;
  readonly chunk: number;
  /** Whether two of the three steps use what the first one keeps (DeepCache). Default false. */
  readonly cached?: boolean;
}

async function makeVideo(
  model: Model,
  { guided, chunk, cached = false, ...shape }: Shape,
  onStep?: () => Promise<void>,
): Promise<number> {
  const more = { steps: 3, seed: 1, minGuidance: 1, maxGuidance: guided ? 3 : 1, cacheInterval: cached ? 3 : 1 };
  const settings = resolveSettings(model.checkpoint.card, { ...shape, ...more });
  const conditioning = await encode(model, photo, settings);
  const latents = await denoise(model, conditioning, settings, { onStep });
  let frames = 0;
  for await (const { count } of decode(model, latents, conditioning, chunk)) frames += count;
  return frames;
}

test.skipIf(libraries === '')(
  `every graph runs on ONNX Runtime's CUDA provider alone, within the bounds of launches${here}`,
  async () => {
    await using dry = await startDryRun({ libraries, memory: MEMORY });
    const model = createModel(await openCheckpoint(MODEL), dry.runtime);
    for (const guided of [true, false]) {
      const steps: DeviceCounts[] = [];
      const shape = { width: 128, height: 64, frames: 5, guided, chunk: 3 };
      expect(await makeVideo(model, shape, async () => void steps.push(await dry.counts()))).toBe(5);
      const [, before, after] = steps;
      // A step allocates nothing, and copies its inputs to the device and three results back: next, x0 and the sum.
      const latents = 4 * 5 * 4 * 8 * 16;
      expect(after!.allocations - before!.allocations).toBe(0);
      expect(after!.copiesToHost - before!.copiesToHost).toBe(3);
      expect(after!.bytesToHost - before!.bytesToHost).toBe(2 * latents + 4);
      // The inputs are the latents, those of the photo, and vectors of a few kilobytes.
      expect(after!.bytesToDevice - before!.bytesToDevice).toBeLessThan(latents + 32_768);
    }
    const { launches, badLaunches } = await dry.counts();
    expect(launches).toBeGreaterThan(1_000);
    expect(badLaunches).toBe(0);
  },
);

test.skipIf(libraries === '')(`steps that use what an earlier one keeps run on the GPU alone, too${here}`, async () => {
  await using dry = await startDryRun({ libraries, memory: MEMORY });
  const checkpoint = await openCheckpoint(MODEL);
  const shape = { width: 64, height: 64, frames: 2, guided: true, chunk: 2, cached: true };
  for (const lowMemory of [false, true]) {
    expect(await makeVideo(createModel(checkpoint, dry.runtime, { lowMemory }), shape)).toBe(2);
  }
  expect((await dry.counts()).badLaunches).toBe(0);
});

test.skipIf(libraries === '')(`videos of changing shapes leave no memory behind${here}`, async () => {
  await using dry = await startDryRun({ libraries, memory: MEMORY });
  const model = createModel(await openCheckpoint(MODEL), dry.runtime);
  const used: number[] = [];
  for (let round = 0; round < 3; round++) {
    for (const [height, width, frames] of [
      [4, 8, 1],
      [8, 4, 2],
    ] as const) {
      const latents = new Float32Array(frames * 4 * height * width);
      for await (const { count } of decode(model, latents, { channels: 4, height, width }, frames))
        expect(count).toBe(frames);
    }
    used.push((await dry.counts()).used);
  }
  expect(used[2]).toBe(used[1]);
});

test.skipIf(libraries === '')(`a device that is too small is a lack of memory${here}`, async () => {
  await using dry = await startDryRun({ libraries, memory: 24 * 2 ** 20 });
  const model = createModel(await openCheckpoint(MODEL), dry.runtime);
  const large = { width: 512, height: 512, frames: 4, guided: true, chunk: 4 };
  await expect(makeVideo(model, large)).rejects.toThrow(/failed to allocate|out of memory/i);
});

test.skipIf(libraries === '')(
  `a provider whose numbers are all zero is refused, unless it may be wrong${here}`,
  async () => {
    const options = {
      provider: 'cuda',
      threads: 2,
      env: standInEnvironment({ libraries, memory: MEMORY }),
      // The parts run on the GPU alone also without fused operators: otherwise they would not be wrong by a number.
      config: { 'session.disable_cpu_ep_fallback': '1' },
      parts: ['attention', 'operators', 'CLIP'],
    } as const;
    await expect(chooseRuntime(options)).rejects.toThrow(
      /numbers on this device \(attention by [\d.]+ standard .+; operators by [\d.]+ .+; CLIP by [\d.]+ .+\); PROVIDER_PROOF=warn/,
    );
    const { runtime } = await chooseRuntime({ ...options, parts: ['attention'], proof: 'warn' });
    await runtime.close();
    expect(runtime.provider).toBe('cuda');
  },
);
