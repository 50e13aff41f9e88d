import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Checkpoint } from '../../checkpoint/checkpoint.ts';
import { vaeDecodeGraph } from '../../graphs/decode-graph.ts';
import { denoiseGraphs, unetGraph } from '../../graphs/denoise-graphs.ts';
import { imageEncoderGraph, vaeEncodeGraph } from '../../graphs/encode-graphs.ts';
import type { Comparison } from '../../parity/compare.ts';
import { openGolden } from '../../parity/golden.ts';
import { compareParts } from '../../parity/run-parity.ts';
import { openCheckpoint } from '../../pipeline/open-checkpoint.ts';
import { emitterFor } from '../../graphs/emitter-for.ts';
import type { CreateEmitter } from '../../graphs/emitter-for.ts';
import { checkCudaGraph } from './check-graph.ts';
import { createCudaEmitter } from './cuda-emitter.ts';
import type { CudaEmitterOptions } from './cuda-emitter.ts';
import { emulateCuda } from './test-runtime.ts';

const folderOf = (name: string) => fileURLToPath(new URL(`../../../../../test/golden/${name}`, import.meta.url));

const inFloat32 =
  (options: CudaEmitterOptions = {}): CreateEmitter =>
  (graph) =>
    createCudaEmitter(graph, { ...options, precision: 'float32' });

/** Computes the parts of a golden folder on the CPU, with the graphs for CUDA. */
async function parity(name: string, createEmitter?: CreateEmitter, until?: string): Promise<Comparison[]> {
  const golden = await openGolden(folderOf(name));
  const checkpoint = await openCheckpoint(`${folderOf(name)}/checkpoint`);
  await using model = await emulateCuda(checkpoint, createEmitter && { createEmitter });
  const comparisons: Comparison[] = [];
  for await (const comparison of compareParts(model, golden)) {
    comparisons.push(comparison);
    if (comparison.part === until) break;
  }
  return comparisons;
}

describe('the graphs for CUDA, with their fused operators expanded, on the CPU', () => {
  test.each(['tiny-xt', 'mixed', 'tiny'])('equal diffusers for %s in float32', async (name) => {
    const comparisons = await parity(name, inFloat32());
    expect(comparisons.filter(({ passed }) => !passed)).toEqual([]);
    expect(comparisons.map(({ part }) => part)).toEqual(
      expect.arrayContaining(['clip_image_embeds', 'vae_image_latents', 'unet_out', 'vae_decode_out', 'frames_u8']),
    );
  });

  test('equal diffusers with feed-forward networks and upsampled maps in pieces', async () => {
    // The inner layers of tiny-xt have up to 2 · 5 · 128 · 256 elements, its largest upsampled maps 64 · 64 · 128.
    const options = { feedForwardElements: 30_000, mapElements: 2 * 64 * 64 * 128 };
    const comparisons = await parity('tiny-xt', inFloat32(options), 'unet_out');
    expect(comparisons.filter(({ passed }) => !passed)).toEqual([]);
    expect(comparisons.at(-1)?.part).toBe('unet_out');
  });

  test('deviate in float16 no more than diffusers in float16', async () => {
    const comparisons = await parity('tiny-xt', emitterFor('cuda'), 'unet_out');
    const error = (part: string) => {
      const found = comparisons.find((comparison) => comparison.part === part);
      return found ? found.maxAbsError / found.std : NaN;
    };
    // The errors of diffusers with torch_dtype=float16 on the CPU, relative to the standard deviation.
    expect(error('clip_image_embeds')).toBeLessThan(2e-3);
    expect(error('unet_out')).toBeLessThan(9.2e-3);
    expect(error('vae_decode_out')).toBeLessThan(3.1e-2);
    // The encoder always computes in float32.
    expect(error('vae_image_latents')).toBeLessThan(1e-4);
  });
});

describe('the graphs for CUDA', () => {
  let checkpoint: Checkpoint;
  beforeAll(async () => {
    checkpoint = await openCheckpoint(`${folderOf('tiny-xt')}/checkpoint`);
  });
  const shape = { frames: 5, height: 8, width: 16 };
  const models = (createEmitter: CreateEmitter): Readonly<Record<string, Uint8Array>> => {
    const options = { createEmitter };
    const guided = denoiseGraphs(checkpoint, { ...shape, guidance: true }, options);
    const drafts = {
      guided: guided.step,
      unguided: denoiseGraphs(checkpoint, { ...shape, guidance: false }, options).step,
      condition: guided.condition,
      unet: unetGraph(checkpoint, { ...shape, batch: 2 }, options),
      clip: imageEncoderGraph(checkpoint, options),
      encode: vaeEncodeGraph(checkpoint, 64, 128, options),
      decode: vaeDecodeGraph(checkpoint, shape, 'rgb8', options),
      pixels: vaeDecodeGraph(checkpoint, shape, 'pixels', options),
    };
    return Object.fromEntries(Object.entries(drafts).map(([name, { builder }]) => [name, builder.build()]));
  };

  test.each([
    ['float16', emitterFor('cuda')],
    ['float32', inFloat32()],
    ['float16, feed-forward networks in pieces', (graph) => createCudaEmitter(graph, { feedForwardElements: 20_000 })],
  ] satisfies [string, CreateEmitter][])('need no operator of the CPU (%s)', (_, createEmitter) => {
    for (const [name, model] of Object.entries(models(createEmitter))) expect(checkCudaGraph(model), name).toEqual([]);
  });

  test('the check rejects graphs of the reference emitter', () => {
    const problems = checkCudaGraph(models(emitterFor('cpu')).pixels ?? new Uint8Array());
    expect(problems.filter((problem) => problem.endsWith('CUDA has no kernel for Conv')).length).toBeGreaterThan(20);
  });
});
