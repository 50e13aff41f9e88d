import type { FusedOperator } from '@cinematica/svd';
import { expect, test } from 'vitest';
import {
  denoiseGraphs,
  elements,
  emitterFor,
  imageEncoderGraph,
  vaeDecodeGraph,
  vaeEncodeGraph,
} from '@cinematica/svd/internal';
import type { GraphDraft } from '@cinematica/svd/internal';
import { virtualCheckpoint as checkpoint } from './virtual-checkpoint.ts';

const largest = ({ builder }: GraphDraft) => Math.max(...builder.values.map(({ shape }) => elements(shape)));
const operators = ({ builder }: GraphDraft) => new Set(builder.nodes.map(({ opType }) => opType));

/** Frames × heads × tokens² of the first level at 576×1024: the size of the attention matrix. */
const ATTENTION_MATRIX = 25 * 5 * 9216 ** 2;

test.each([
  ['fused', new Set<FusedOperator>()],
  ['standard', new Set<FusedOperator>(['MultiHeadAttention'])],
] as const)('no graph of SVD-XT at full size has an attention matrix (%s operators)', (operatorsAre, replaced) => {
  const options = { createEmitter: emitterFor('webgpu', { replaced }) };
  const shape = { frames: 25, height: 72, width: 128, guidance: true };
  const { step, condition } = denoiseGraphs(checkpoint, shape, options);
  expect(step.root.checkUnused()).toBeNull();
  // The largest tensor is the inner layer of the feed-forward network, twice for guidance.
  expect(largest(step)).toBeLessThanOrEqual(2 * 25 * 9216 * 1280);
  expect(largest(step)).toBeLessThan(ATTENTION_MATRIX / 10);
  expect(condition.builder.nodes.filter(({ opType }) => opType === 'Identity')).toHaveLength(32);
  expect(step.builder.build().length).toBeLessThan(5e6);

  const decode = vaeDecodeGraph(checkpoint, { frames: 8, height: 72, width: 128 }, 'rgb8', options);
  const encode = vaeEncodeGraph(checkpoint, 576, 1024, options);
  const clip = imageEncoderGraph(checkpoint, options);
  for (const draft of [step, decode, encode, clip]) {
    expect(operators(draft).has('Softmax')).toBe(operatorsAre === 'standard');
    expect(operators(draft).has('MultiHeadAttention')).toBe(operatorsAre === 'fused');
  }
  // The largest tensor is a full-size map of the last level, not the 9216² attention matrix.
  expect(largest(decode)).toBe(8 * 256 * 576 * 1024);
});
