import type { GraphBuilder, Value } from '../onnx/graph-builder.ts';
import type { Scope } from './scope.ts';

/**
 * A feature map, logically `[n, c, h, w]`; the emitter decides its layout in memory. The temporal modules work on a video
 * map, logically `[batch, c, frames, h·w]`.
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
  /** Height and width of the kernel; default `[3, 3]`. */
  readonly kernel?: readonly [number, number];
  /** Default 1. */
  readonly stride?: number;
  /** Zero padding at top, left, bottom and right; default half the kernel on each side. */
  readonly padding?: readonly [number, number, number, number];
  /** Default true. */
  readonly bias?: boolean;
  /** The shape of the weight in the checkpoint, if it is not `[out, in, kh, kw]`: that of a Conv3d, for example. */
  readonly storedShape?: readonly number[];
  /** A scalar of shape `[1]` that multiplies weight and bias when the graph is loaded. */
  readonly scale?: Value;
}

export interface GroupNormOptions {
  readonly groups: number;
  readonly eps: number;
  readonly activation?: 'silu';
}

export interface LinearOptions {
  /** Default true. */
  readonly bias?: boolean;
  /** A bias that is computed by the graph, `[1 or batch, outFeatures]`; it is added to every token of a sample. */
  readonly extraBias?: Value;
  /** A scalar of shape `[1]` that multiplies the weight when the graph is loaded. */
  readonly scale?: Value;
}

export type Activation = 'silu' | 'gelu' | 'gelu_tanh' | 'quick_gelu' | 'relu' | 'mish';

/**
 * Writes neural network modules into a graph, in one layout and precision. The models use only this interface, so they
 * are independent of both. Tokens are `[n, s, c]` and vectors `[batch, c]` in every layout.
 *
 * An emitter may return a *deferred value*: a value without a node in the graph. The emitter writes its nodes when another
 * of its methods reads the value, and can then combine both operations (see `cuda/deferred-sums.ts`). Therefore only the
 * results of {@link Emitter.toNchw}, {@link Emitter.toRgb8} and {@link Emitter.concatValues} may be passed to the
 * `GraphBuilder` directly.
 */
export interface Emitter {
  readonly graph: GraphBuilder;
  /** Whether ONNX Runtime must not know the shapes of results before a run, which saves memory; see `onnx/hide-shapes.ts`. */
  readonly hidesShapes: boolean;

  /** Makes a value (not a map) an output of the graph, in float32. */
  output(name: string, value: Value): void;

  /** Converts float32 `[n, c, h, w]`, such as an input of the graph, to a map, and back. */
  fromNchw(value: Value): FeatureMap;
  toNchw(map: FeatureMap): Value;
  /**
   * Makes a map an output in the layout and precision of the emitter, and reads it as an input of another graph: for maps that no
   * one else reads.
   */
  outputMap(name: string, map: FeatureMap): void;
  inputMap(name: string, n: number, c: number, h: number, w: number): FeatureMap;
  /** Converts pixels in −1…1 to uint8 RGB `[n, h, w, 3]`: `round(clamp((x + 1) / 2) · 255)`. */
  toRgb8(map: FeatureMap): Value;

  conv2d(scope: Scope, x: FeatureMap, options: ConvOptions): FeatureMap;
  groupNorm(scope: Scope, x: FeatureMap, options: GroupNormOptions): FeatureMap;
  activation(x: FeatureMap, kind: Activation): FeatureMap;
  add(a: FeatureMap, b: FeatureMap): FeatureMap;
  /** Adds a vector `[1 or batch, c]` to every position. Each vector applies to n / batch consecutive maps. */
  addVector(x: FeatureMap, vector: Value): FeatureMap;
  /** `x · factor + offset`, with constants. */
  affine(x: FeatureMap, factor: number, offset: number): FeatureMap;
  tanh(x: FeatureMap): FeatureMap;
  concat(parts: readonly FeatureMap[]): FeatureMap;
  /** Returns the first `count` channels. */
  channels(x: FeatureMap, count: number): FeatureMap;
  /** Nearest-neighbour upsampling by `factor`, cropped to `h × w` if given. */
  upsample(x: FeatureMap, factor: number, h?: number, w?: number): FeatureMap;
  /** Converts `[batch·frames, c, h, w]` to the video map `[batch, c, frames, h·w]`, and back. */
  framesTogether(x: FeatureMap, frames: number): FeatureMap;
  framesApart(x: FeatureMap, h: number, w: number): FeatureMap;

  /**
   * Computes something of each map alone, several maps at a time if all of them together need too much memory.
   * @param inner the number of elements of the largest value that is computed for one map
   */
  mapwise(x: FeatureMap, inner: number, compute: (maps: FeatureMap) => FeatureMap): FeatureMap;

  /** Converts `[n, c, h, w]` to tokens `[n, h·w, c]`, and back. */
  toTokens(x: FeatureMap): Value;
  toMap(tokens: Value, h: number, w: number): FeatureMap;
  /** Transposes tokens `[batch·outer, inner, c]` to `[batch·inner, outer, c]`. */
  swapTokens(tokens: Value, batch: number): Value;
  /** Returns the first token of each sequence: `[n, s, c]` to `[n, c]`. */
  firstToken(tokens: Value): Value;
  linear(scope: Scope, x: Value, outFeatures: number, options?: LinearOptions): Value;
  layerNorm(scope: Scope, x: Value, eps: number): Value;
  /** Scaled dot-product attention over `[n, s, heads·d]`. */
  attention(query: Value, key: Value, value: Value, heads: number): Value;
  /** `value(x) · gelu(gate(x))`. The checkpoint stores both projections in one of 2 · features rows, value first. */
  geglu(scope: Scope, x: Value, features: number): Value;
  /** `value · gelu(gate)` of the two halves of the last axis, value first. */
  geluGate(x: Value): Value;
  activate(x: Value, kind: Activation): Value;
  addValues(a: Value, b: Value): Value;
  /** `alpha · a + (1 − alpha) · b`, with a scalar of shape `[1]`, as diffusers' `AlphaBlender`. */
  blend(a: Value, b: Value, alpha: Value): Value;
  /** Returns a parameter of the checkpoint, such as an embedding. */
  parameter(scope: Scope, name: string, shape: readonly number[]): Value;
  /** The sigmoid of a scalar parameter, shape `[1]`. With `negate`, `sigmoid(−x)` = `1 − sigmoid(x)`. */
  sigmoid(scope: Scope, name: string, options?: { readonly negate: boolean }): Value;
  reshape(x: Value, shape: readonly number[]): Value;
  /** The sum of all elements, in float32; the rank stays. */
  sum(x: Value): Value;
  /** Concatenates values. If all parts are float32, so is the result. */
  concatValues(parts: readonly Value[], axis: number): Value;
}
