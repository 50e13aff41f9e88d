import type { GraphBuilder, Value } from '../onnx/graph-builder.ts';
import type { Scope } from './scope.ts';

/**
 * Pictures between two modules: logically `[n, c, h, w]`, in whatever order the emitter keeps them. A video map, in
 * which the temporal modules work, is logically `[batch, c, frames, h·w]`.
 */
export interface FeatureMap {
  readonly value: Value;
  readonly n: number;
  readonly c: number;
  readonly h: number;
  readonly w: number;
}

export interface ConvOptions {
  readonly outChannels: number;
  /** Height and width of the kernel; `[3, 3]` if left out. */
  readonly kernel?: readonly [number, number];
  readonly stride?: number;
  /** Zeros at top, left, bottom, right; half the kernel on each side if left out. */
  readonly padding?: readonly [number, number, number, number];
  readonly bias?: boolean;
  /** The weight's shape in the checkpoint where that is not `[out, in, kh, kw]`, such as a Conv3d's. */
  readonly storedShape?: readonly number[];
  /** A scalar, shape `[1]`, that weight and bias are multiplied by when the graph is loaded. */
  readonly scale?: Value;
}

export interface GroupNormOptions {
  readonly groups: number;
  readonly eps: number;
  readonly activation?: 'silu';
}

export interface LinearOptions {
  readonly bias?: boolean;
  /** Added to every token of a sample, `[1 or batch, outFeatures]`: a bias known only when the graph runs. */
  readonly extraBias?: Value;
}

export type Activation = 'silu' | 'gelu' | 'gelu_tanh' | 'quick_gelu' | 'relu' | 'mish';

/**
 * Writes modules into a graph, in one layout and precision: the architectures speak to this and know neither.
 * Tokens are `[n, s, c]` in every layout, vectors `[batch, c]`. An emitter may put off writing what it returns, until
 * it sees who reads it: only what {@link Emitter.toNchw}, {@link Emitter.toRgb8} and {@link Emitter.concatValues} return
 * may be given to the graph's builder itself.
 */
export interface Emitter {
  readonly graph: GraphBuilder;

  /** Makes a value that is no map an output of the graph, in float32. */
  output(name: string, value: Value): void;

  /** Float32 `[n, c, h, w]`, as at a graph's inputs, to a map, and back. */
  fromNchw(value: Value): FeatureMap;
  toNchw(map: FeatureMap): Value;
  /** Pixels in -1..1 to uint8 RGB `[n, h, w, 3]`: `round(clamp((x + 1) / 2) · 255)`. */
  toRgb8(map: FeatureMap): Value;

  conv2d(scope: Scope, x: FeatureMap, options: ConvOptions): FeatureMap;
  groupNorm(scope: Scope, x: FeatureMap, options: GroupNormOptions): FeatureMap;
  activation(x: FeatureMap, kind: Activation): FeatureMap;
  add(a: FeatureMap, b: FeatureMap): FeatureMap;
  /** Adds a vector `[1 or batch, c]` to every position; a batch's maps lie together. */
  addVector(x: FeatureMap, vector: Value): FeatureMap;
  /** `x · factor + offset`, with plain numbers. */
  affine(x: FeatureMap, factor: number, offset: number): FeatureMap;
  tanh(x: FeatureMap): FeatureMap;
  concat(parts: readonly FeatureMap[]): FeatureMap;
  /** The first `count` channels. */
  channels(x: FeatureMap, count: number): FeatureMap;
  /** Nearest neighbour, each position `factor` times in both directions, cut to `h × w` where that is given. */
  upsample(x: FeatureMap, factor: number, h?: number, w?: number): FeatureMap;
  /** `[batch·frames, c, h, w]` to the video map `[batch, c, frames, h·w]`, and back. */
  framesTogether(x: FeatureMap, frames: number): FeatureMap;
  framesApart(x: FeatureMap, h: number, w: number): FeatureMap;

  /** `[n, c, h, w]` to tokens `[n, h·w, c]`, and back. */
  toTokens(x: FeatureMap): Value;
  toMap(tokens: Value, h: number, w: number): FeatureMap;
  /** Tokens `[batch·outer, inner, c]` to `[batch·inner, outer, c]`. */
  swapTokens(tokens: Value, batch: number): Value;
  /** `[n, s, c]` to the first token of each, `[n, c]`. */
  firstToken(tokens: Value): Value;
  linear(scope: Scope, x: Value, outFeatures: number, options?: LinearOptions): Value;
  layerNorm(scope: Scope, x: Value, eps: number): Value;
  /** Scaled dot-product attention over `[n, s, heads·d]`. */
  attention(query: Value, key: Value, value: Value, heads: number): Value;
  /** `value(x) · gelu(gate(x))` from one stored projection of `2·features` rows, value first. */
  geglu(scope: Scope, x: Value, features: number): Value;
  activate(x: Value, kind: Activation): Value;
  addValues(a: Value, b: Value): Value;
  /** `share · a + (1 − share) · b`, with a scalar share of shape `[1]`. */
  blend(a: Value, b: Value, share: Value): Value;
  /** A stored parameter as it is, such as an embedding. */
  parameter(scope: Scope, name: string, shape: readonly number[]): Value;
  /** The logistic function of a stored scalar, shape `[1]`; of its negative where `negate` is set: `1 − sigmoid(x)`. */
  sigmoid(scope: Scope, name: string, options?: { readonly negate: boolean }): Value;
  reshape(x: Value, shape: readonly number[]): Value;
  /** Parts that are all float32 stay so. */
  concatValues(parts: readonly Value[], axis: number): Value;
}
