import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import type { UNetArchitecture } from '../checkpoint/unet-config.ts';
import { sinusoidWidths, unetSpatioTemporalCondition } from '../models/unet-spatio-temporal-condition.ts';
import type { UNetCache } from '../models/unet-spatio-temporal-condition.ts';
import { crossAttentionVector } from '../nn/attention.ts';
import type { CrossAttention } from '../nn/attention.ts';
import { cachePoint } from '../nn/deep-cache.ts';
import { createArithmetic } from '../onnx/arithmetic.ts';
import type { Value } from '../onnx/graph-builder.ts';
import { KEPT_PREFIX } from '../runtime/protocol.ts';
import { beginGraph, outputSum } from './graph.ts';
import type { GraphDraft, GraphOptions } from './graph.ts';

export interface DenoiseShape {
  readonly frames: number;
  /** Height and width of the latents. */
  readonly height: number;
  readonly width: number;
  /** Whether each step computes an unconditional prediction, too (classifier-free guidance). */
  readonly guidance: boolean;
  /** DeepCache: `full` also keeps a tensor for `shallow`, which reads it. Default: a full step that keeps nothing. */
  readonly cache?: { readonly branch: number; readonly pass: 'full' | 'shallow' } | undefined;
}

/**
 * The tensor that DeepCache keeps between two steps, as an output and as an input, in the emitter's own layout and precision. It stays
 * in the child process. On CUDA, it passes through the memory of the host: onnxruntime-node keeps results on the device only
 * with WebGPU (its location `gpu-buffer` means an allocator of that provider).
 */
export const KEPT_TENSOR = `${KEPT_PREFIX}hidden`;

export interface DenoiseGraphs {
  /**
   * Runs once per segment, before the steps. Input `image_embeds` `[1, projection_dim]`; one output vector for each cross-attention layer, with
   * the name of the corresponding input of `step`.
   */
  readonly condition: GraphDraft;
  /**
   * One denoising step from noise level σ to σ′. Inputs:
   *
   * - `latents` `[frames, c, h, w]` at σ
   * - `image_latents` `[1, c, h, w]` of the photo, not scaled
   * - `timestep` and `added_time_ids`, as sinusoids
   * - the outputs of `condition`
   * - `guidance` `[frames, 1, 1, 1]`, the guidance scale of each frame, if `guidance` is set
   * - scalars of shape `[1]`: `input_scale` = 1 / √(σ² + 1), `x0_from_latents`, `x0_from_prediction`, `sigma_ratio` = σ′ / σ
   *
   * Outputs: `x0` = x0_from_latents · latents + x0_from_prediction · prediction, the estimate of the clean latents, and
   * `next` = x0 + sigma_ratio · (latents − x0), the latents at σ′, to which a stochastic sampler still adds noise, and its `sum`.
   * With `cache`, {@link KEPT_TENSOR} is an output of the full step and an input of the shallow one.
   */
  readonly step: GraphDraft;
}

/**
 * Builds both graphs of the denoiser in one traversal of the UNet: for each cross-attention layer, `condition` gets an
 * output with its vector, and `step` gets the corresponding input.
 */
export function denoiseGraphs(
  { unet, vae }: Pick<Checkpoint, 'unet' | 'vae'>,
  shape: DenoiseShape,
  options: GraphOptions,
): DenoiseGraphs {
  const { architecture, weights } = unet;
  const { frames, height, width, guidance, cache } = shape;
  const channels = vae.config.latent_channels;
  const step = beginGraph('denoise_step', weights, options);
  const condition = beginGraph('denoise_condition', weights, { ...options, root: step.root });
  const { builder, emitter: e } = step;
  const { add, sub, mul } = createArithmetic(builder);

  const latents = builder.input('latents', 'float32', [frames, channels, height, width]);
  const imageLatents = builder.input('image_latents', 'float32', [1, channels, height, width]);
  const widths = sinusoidWidths(architecture);
  const timestep = builder.input('timestep', 'float32', [1, widths.timestep]);
  const addedTimeIds = builder.input('added_time_ids', 'float32', [1, widths.addedTimeIds]);
  const scalar = (name: string) => builder.input(name, 'float32', [1]);
  const inputScale = scalar('input_scale');
  const x0FromLatents = scalar('x0_from_latents');
  const x0FromPrediction = scalar('x0_from_prediction');
  const sigmaRatio = scalar('sigma_ratio');

  let context: Value | undefined;
  const crossAttention: CrossAttention = (scope, dim) => {
    const vectors = condition.emitter;
    const contextDim = architecture.mid.contextDim;
    context ??= condition.builder.input('image_embeds', 'float32', [1, contextDim]);
    condition.emitter.output(scope.path, crossAttentionVector(vectors, scope, context, dim));
    const vector = builder.input(scope.path, 'float32', [1, dim]);
    if (!guidance) return vector;
    // The unconditional context is zero, so the result of the cross-attention is its bias.
    const unconditional = e.reshape(e.parameter(scope.sub('to_out.0'), 'bias', [dim]), [1, dim]);
    return e.concatValues([unconditional, vector], 0);
  };

  const int64 = (value: number) => builder.constant(BigInt64Array.of(BigInt(value)));
  const scaled = mul(latents, inputScale);
  const everyFrame = builder.constant(BigInt64Array.from(latents.shape, BigInt));
  const expand = (value: Value) => builder.node('Expand', [value, everyFrame], latents);
  const withPhoto = e.concatValues([scaled, expand(imageLatents)], 1);
  const zero = builder.constant(new Float32Array(1), [1, 1, 1, 1]);
  const sample = guidance ? e.concatValues([e.concatValues([scaled, expand(zero)], 1), withPhoto], 0) : withPhoto;
  const unetInputs = {
    sample: e.fromNchw(sample),
    timestep,
    addedTimeIds,
    crossAttention,
    frames,
    ...(cache && { cache: unetCache(step, architecture, shape, cache) }),
  };
  let prediction = e.toNchw(unetSpatioTemporalCondition(e, step.root, architecture, unetInputs));
  if (guidance) {
    const weight = builder.input('guidance', 'float32', [frames, 1, 1, 1]);
    const part = (from: number, to: number) =>
      builder.node('Slice', [prediction, int64(from), int64(to), int64(0)], latents);
    const unconditional = part(0, frames);
    const conditional = part(frames, 2 * frames);
    prediction = add(unconditional, mul(weight, sub(conditional, unconditional)));
  }
  const x0 = add(mul(latents, x0FromLatents), mul(prediction, x0FromPrediction));
  builder.output('x0', x0);
  const next = add(x0, mul(sigmaRatio, sub(latents, x0)));
  builder.output('next', next);
  // If x0 is not finite, neither is `next`: NaN · 0 and ∞ − ∞ are NaN.
  outputSum(step, next);
  return { condition, step };
}

function unetCache(
  { emitter }: GraphDraft,
  architecture: UNetArchitecture,
  { frames, height, width, guidance }: DenoiseShape,
  { branch, pass }: NonNullable<DenoiseShape['cache']>,
): UNetCache {
  const point = cachePoint(architecture, branch);
  if (pass === 'full') return { point, keep: (map) => emitter.outputMap(KEPT_TENSOR, map) };
  const side = (latents: number) => Math.ceil(latents / 2 ** point.level);
  const maps = (guidance ? 2 : 1) * frames;
  return { point, cached: emitter.inputMap(KEPT_TENSOR, maps, point.channels, side(height), side(width)) };
}

/**
 * The UNet alone, with the inputs of diffusers' class: `sample` `[batch·frames, in, h, w]`, `timestep` `[1, …]` and
 * `added_time_ids` `[batch, …]` as sinusoids, `encoder_hidden_states` `[batch, projection_dim]`. Output `out`. Used to
 * compare the UNet with diffusers.
 */
export function unetGraph(
  { unet }: Pick<Checkpoint, 'unet'>,
  shape: { readonly batch: number; readonly frames: number; readonly height: number; readonly width: number },
  options: GraphOptions,
): GraphDraft {
  const { architecture, weights } = unet;
  const { batch, frames, height, width } = shape;
  const draft = beginGraph('unet', weights, options);
  const widths = sinusoidWidths(architecture);
  const sample = draft.builder.input('sample', 'float32', [batch * frames, architecture.inChannels, height, width]);
  const context = draft.builder.input('encoder_hidden_states', 'float32', [batch, architecture.mid.contextDim]);
  const out = unetSpatioTemporalCondition(draft.emitter, draft.root, architecture, {
    sample: draft.emitter.fromNchw(sample),
    timestep: draft.builder.input('timestep', 'float32', [1, widths.timestep]),
    addedTimeIds: draft.builder.input('added_time_ids', 'float32', [batch, widths.addedTimeIds]),
    crossAttention: (scope, dim) => crossAttentionVector(draft.emitter, scope, context, dim),
    frames,
  });
  draft.builder.output('out', draft.emitter.toNchw(out));
  return draft;
}
