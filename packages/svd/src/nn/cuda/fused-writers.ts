import type { NodeOptions, Value } from '../../onnx/graph-builder.ts';
import type { GroupNormOptions } from '../emitter.ts';

export interface NhwcConvOptions {
  readonly kernel: readonly [number, number];
  readonly stride: number;
  /** Top, left, bottom, right. */
  readonly pads: readonly [number, number, number, number];
}

/** The outputs of a norm that also adds: the normalised value, and the sum before normalisation. */
export interface NormalizedSum {
  readonly normalized: Value;
  readonly sum: Value;
}

/** The type and shape of a node's result. */
export type Result = Pick<Value, 'type' | 'shape'>;

/** Writes a node with one result. */
export type WriteNode = (
  opType: string,
  inputs: readonly (Value | null)[],
  result: Result,
  options?: NodeOptions,
) => Value;

/** Writes each of the fused operators. Maps are `[n, h, w, c]`. */
export interface FusedWriters {
  /** @param weight constant, `[out, kh, kw, in]` */
  readonly nhwcConv: (x: Value, weight: Value, bias: Value | null, options: NhwcConvOptions) => Value;
  /** GroupNorm. `gamma` and `beta` are float32 in every precision. */
  readonly groupNorm: (x: Value, gamma: Value, beta: Value, options: GroupNormOptions) => Value;
  /** GroupNorm of `x + skip + bias`. `skip` has the shape of `x`, or `[n, c]`: one vector per map. */
  readonly skipGroupNorm: (
    x: Value,
    gamma: Value,
    beta: Value,
    skip: Value,
    bias: Value | null,
    options: GroupNormOptions,
  ) => NormalizedSum;
  /** LayerNormalization of `x + skip + bias`, over `[n, s, c]`. */
  readonly skipLayerNorm: (
    x: Value,
    skip: Value,
    gamma: Value,
    beta: Value,
    bias: Value | null,
    eps: number,
  ) => NormalizedSum;
  /** `x + bias + skip` over `[n, s, c]`. */
  readonly biasAdd: (x: Value, bias: Value, skip: Value) => Value;
  /** `value · gelu(gate)`, where `x + bias` `[n, s, 2c]` has the value, then the gate. Returns `[n, s, c]`. */
  readonly biasSplitGelu: (x: Value, bias: Value) => Value;
  /** Scaled dot-product attention over `[n, s, heads·d]`. */
  readonly attention: (query: Value, key: Value, value: Value, heads: number) => Value;
}
