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
import { paperCheckpoint } from '../full-size/paper-checkpoint.ts';
import { roofline, total } from './roofline.ts';

const options = { createEmitter: emitterFor('cuda') };
const latents = { height: 72, width: 128 };

const counts = ({ builder }: GraphDraft) =>
  Object.fromEntries([...Map.groupBy(builder.nodes, ({ opType }) => opType)].map(([op, nodes]) => [op, nodes.length]));
const largest = ({ builder }: GraphDraft) => Math.max(...builder.values.map(({ shape }) => elements(shape)));
const decode = (frames: number) => vaeDecodeGraph(paperCheckpoint, { ...latents, frames }, 'rgb8', options);

test('SVD-XT’s graphs at 576×1024×25 run on CUDA alone, with its fused operators', () => {
  const guided = denoiseGraphs(paperCheckpoint, { ...latents, frames: 25, guidance: true }, options);
  const unguided = denoiseGraphs(paperCheckpoint, { ...latents, frames: 25, guidance: false }, options);
  const drafts = {
    guided: guided.step,
    unguided: unguided.step,
    condition: guided.condition,
    decode: decode(14),
    encode: vaeEncodeGraph(paperCheckpoint, 576, 1024, options),
    clip: imageEncoderGraph(paperCheckpoint, options),
  };
  for (const [name, draft] of Object.entries(drafts)) expect(checkCudaGraph(draft.builder.build()), name).toEqual([]);
  // Each of the 105 GroupNorms is fused, all but the 12 behind a concatenation with the sum before it; so are all 48
  // GEGLUs, all 32 attentions, and every convolution.
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
  // The widest is the feed-forward's projection, value and gate, not the 9216² of an attention.
  expect(largest(guided.step)).toBe(2 * 25 * 9216 * 2560);
});

test('50 frames with guidance are more than the kernels count in a feed-forward: it is cut in two', () => {
  const { step } = denoiseGraphs(paperCheckpoint, { ...latents, frames: 50, guidance: true }, options);
  expect(checkCudaGraph(step.builder.build())).toEqual([]);
  expect(counts(step).BiasSplitGelu).toBe(48 + 15);
  expect(largest(step)).toBeLessThan(2 ** 31);
});

test('a picture of more than 65,535 tokens is attended over time in pieces', () => {
  const large = { height: 256, width: 272, frames: 2, guidance: false };
  const { step } = denoiseGraphs(paperCheckpoint, large, options);
  expect(checkCudaGraph(step.builder.build())).toEqual([]);
  expect(counts(step).MultiHeadAttention).toBe(32 + 5);
});

test('a guided step of the reference job is 153.9 TFLOP, as the model’s own count has it', () => {
  const { step } = denoiseGraphs(paperCheckpoint, { ...latents, frames: 25, guidance: true }, options);
  const costs = roofline(step.builder.build(), { flops: 790e12, bytes: 4.3e12 });
  expect(total(costs, 'flops') / 1e12).toBeCloseTo(153.9, 1);
  expect(costs.slice(0, 3).map(({ operator }) => operator)).toEqual(['Gemm', 'NhwcConv', 'MultiHeadAttention']);
});

test('at full size 14 frames can be decoded together, and 15 are refused by name', () => {
  expect(checkCudaGraph(decode(14).builder.build())).toEqual([]);
  expect(() => decode(15)).toThrow('Resize over [15, 576, 1024, 256] has 2,264,924,160 elements');
});
