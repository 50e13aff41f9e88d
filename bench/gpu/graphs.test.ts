import { expect, test } from 'vitest';
import {
  checkCudaGraph,
  denoiseGraphs,
  elements,
  emitterFor,
  imageEncoderGraph,
  vaeDecodeGraph,
  vaeEncodeGraph,
} from '@cinematica/svd/internal';
import type { GraphDraft } from '@cinematica/svd/internal';
import { virtualCheckpoint } from '../full-size/virtual-checkpoint.ts';
import { roofline, total } from './roofline.ts';

const options = { createEmitter: emitterFor('cuda') };
const latents = { height: 72, width: 128 };

const counts = ({ builder }: GraphDraft) =>
  Object.fromEntries([...Map.groupBy(builder.nodes, ({ opType }) => opType)].map(([op, nodes]) => [op, nodes.length]));
const largest = ({ builder }: GraphDraft) => Math.max(...builder.values.map(({ shape }) => elements(shape)));
const decode = (frames: number) => vaeDecodeGraph(virtualCheckpoint, { ...latents, frames }, 'rgb8', options);

test('the graphs of SVD-XT at 576×1024×25 need only CUDA, and use its fused operators', () => {
  const guided = denoiseGraphs(virtualCheckpoint, { ...latents, frames: 25, guidance: true }, options);
  const unguided = denoiseGraphs(virtualCheckpoint, { ...latents, frames: 25, guidance: false }, options);
  const drafts = {
    guided: guided.step,
    unguided: unguided.step,
    condition: guided.condition,
    decode: decode(25),
    encode: vaeEncodeGraph(virtualCheckpoint, 576, 1024, options),
    clip: imageEncoderGraph(virtualCheckpoint, options),
  };
  for (const [name, draft] of Object.entries(drafts)) expect(checkCudaGraph(draft.builder.build()), name).toEqual([]);
  // All 105 GroupNorms are fused, and all but the 12 after a concatenation include the sum before them. All 48 GEGLUs,
  // 32 attentions and all convolutions are fused, too.
  expect(counts(guided.step)).toMatchObject({
    GroupNorm: 12,
    SkipGroupNorm: 93,
    BiasSplitGelu: 48,
    MultiHeadAttention: 32,
    SkipLayerNormalization: 48,
    NhwcConv: 110,
  });
  for (const draft of Object.values(drafts)) {
    for (const plain of ['Conv', 'InstanceNormalization', 'Softmax', 'MatMul', 'Split']) {
      expect(counts(draft)).not.toHaveProperty(plain);
    }
  }
  // The largest tensor is the projection of the feed-forward network, not the 9216² attention matrix.
  expect(largest(guided.step)).toBe(2 * 25 * 9216 * 2560);
});

test('a feed-forward network that exceeds the limit of the kernels is split in two (50 frames with guidance)', () => {
  const { step } = denoiseGraphs(virtualCheckpoint, { ...latents, frames: 50, guidance: true }, options);
  expect(checkCudaGraph(step.builder.build())).toEqual([]);
  expect(counts(step).BiasSplitGelu).toBe(48 + 15);
  expect(largest(step)).toBeLessThan(2 ** 31);
});

test('temporal attention is split for more than 65,535 positions', () => {
  const large = { height: 256, width: 272, frames: 2, guidance: false };
  const { step } = denoiseGraphs(virtualCheckpoint, large, options);
  expect(checkCudaGraph(step.builder.build())).toEqual([]);
  expect(counts(step).MultiHeadAttention).toBe(32 + 5);
});

test('a guided step of 25 frames has 153.9 TFLOP', () => {
  const { step } = denoiseGraphs(virtualCheckpoint, { ...latents, frames: 25, guidance: true }, options);
  const costs = roofline(step.builder.build(), { flops: 790e12, bytes: 4.3e12 });
  expect(total(costs, 'flops') / 1e12).toBeCloseTo(153.9, 1);
  expect(costs.slice(0, 3).map(({ operator }) => operator)).toEqual(['Gemm', 'NhwcConv', 'MultiHeadAttention']);
});

test('at full size, 28 frames can be decoded together; 29 are an error that names the operator', () => {
  expect(checkCudaGraph(decode(28).builder.build())).toEqual([]);
  expect(() => decode(29)).toThrow('Concat over [29, 576, 1024, 128] has 2,189,426,688 elements');
});
