/**
 * The fused operators of ONNX Runtime (domain `com.microsoft`) that the emitters write. Each can be written with standard
 * operators instead, which takes longer: a device on which one of them gives wrong numbers can do without it.
 */
export const FUSED_OPERATORS = [
  'NhwcConv',
  'GroupNorm',
  'SkipGroupNorm',
  'SkipLayerNormalization',
  'BiasAdd',
  'BiasSplitGelu',
  'MultiHeadAttention',
] as const;

export type FusedOperator = (typeof FUSED_OPERATORS)[number];

/** No operator is replaced. */
export const NONE_REPLACED: ReadonlySet<FusedOperator> = new Set();
