import { mkdtemp, rm } from 'node:fs/promises';
import { freemem, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openCheckpoint } from '@cinematica/svd';
import { createCudaEmitter, unetGraph } from '@cinematica/svd/internal';
import { compareParts, openGolden } from '@cinematica/svd/parity';
import type { Comparison } from '@cinematica/svd/parity';
import { emulateCuda } from '@cinematica/svd/testing';
import { writeWideCheckpoint } from './write-checkpoint.ts';

/** Required memory: the weights in float32, twice while they are loaded. */
const NEEDED = 6e9;

const enough = freemem() > NEEDED;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wide-'));
  if (enough) await writeWideCheckpoint(import.meta.dirname, folder);
}, 300_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

test.skipIf(!enough)(
  `SVD’s own widths, with the fused operators made for them, as diffusers computes them (skipped where ${NEEDED / 1e9} GB of memory are not free)`,
  { timeout: 300_000 },
  async () => {
    const golden = await openGolden(folder);
    const checkpoint = await openCheckpoint(join(folder, 'checkpoint'));
    const createEmitter = (graph: Parameters<typeof createCudaEmitter>[0]) =>
      createCudaEmitter(graph, { precision: 'float32' });

    // The graph uses the fused operators that the test is for.
    const { builder } = unetGraph(checkpoint, { batch: 2, frames: 2, height: 8, width: 16 }, { createEmitter });
    const counts = Map.groupBy(builder.nodes, ({ opType }) => opType);
    expect(counts.get('BiasSplitGelu')?.length).toBe(21);
    expect(counts.has('InstanceNormalization')).toBe(false);
    for (const fused of ['SkipGroupNorm', 'GroupNorm', 'BiasAdd', 'SkipLayerNormalization', 'NhwcConv']) {
      expect(counts.has(fused), fused).toBe(true);
    }

    await using model = await emulateCuda(checkpoint, { createEmitter });
    const comparisons: Comparison[] = [];
    for await (const comparison of compareParts(model, golden)) {
      comparisons.push(comparison);
      if (comparison.part === 'unet_out') break;
    }
    expect(comparisons.filter(({ passed }) => !passed)).toEqual([]);
    expect(comparisons.map(({ part }) => part)).toEqual(expect.arrayContaining(['vae_decode_out', 'unet_out']));
  },
);
