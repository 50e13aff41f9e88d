import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { sinusoidWidths, unetSpatioTemporalCondition } from '../models/unet-spatio-temporal-condition.ts';
import { crossAttentionVector } from '../nn/attention.ts';
import type { CrossAttention } from '../nn/attention.ts';
import { createArithmetic } from '../onnx/arithmetic.ts';
import type { Value } from '../onnx/graph-builder.ts';
import { draft } from './graph.ts';
import type { Draft, DraftOptions } from './graph.ts';

export interface DenoiseShape {
  readonly frames: number;
  /** Of the latents. */
  readonly height: number;
  readonly width: number;
  /** Whether an unconditional pass runs beside the conditional one. */
  readonly guidance: boolean;
}

export interface DenoiseGraphs {
  /** `image_embeds` `[1, context]` → one vector for each cross-attention, named as the step's inputs. Once a video. */
  readonly condition: Draft;
  /**
   * One denoising step: `latents` `[frames, c, h, w]` at noise level σ → `next` at σ′ (without the fresh noise of a
   * stochastic sampler), and `x0`, the estimate of the clean latents. Inputs beside it: `image_latents` `[1, c, h, w]`
   * (the photo's, not scaled), `timestep` and `added_time_ids` (sinusoids), the vectors of `condition`, `guidance`
   * `[frames, 1, 1, 1]` where there is one, and four scalars of shape `[1]`: `input_scale` 1 / √(σ² + 1),
   * `x0_from_latents` and `x0_from_prediction` (x0 is their sum with the latents and the UNet's output), and `keep`,
   * σ′/σ: Euler's step is `x0 + keep · (latents − x0)`.
   */
  readonly step: Draft;
}

/**
 * The denoiser's two graphs, written in one walk over the architecture: where a layer needs its cross-attention, the
 * first graph computes the vector and the second one takes it as an input.
 */
export function denoiseGraphs({ unet, vae }: Checkpoint, shape: DenoiseShape, options: DraftOptions): DenoiseGraphs {
  const { architecture, weights } = unet;
  const { frames, height, width, guidance } = shape;
  const channels = vae.config.latent_channels;
  const step = draft('denoise_step', weights, options);
  const condition = draft('denoise_condition', weights, { ...options, root: step.root });
  const { builder, e } = step;
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
  const keep = scalar('keep');

  let context: Value | undefined;
  const crossAttention: CrossAttention = (scope, dim) => {
    const vectors = condition.e;
    const contextDim = architecture.mid.contextDim;
    context ??= condition.builder.input('image_embeds', 'float32', [1, contextDim]);
    condition.e.output(scope.path, crossAttentionVector(vectors, scope, context, dim));
    const vector = builder.input(scope.path, 'float32', [1, dim]);
    if (!guidance) return vector;
    // Without a photo the context is zero, and of the cross-attention only its bias is left.
    const unconditional = e.reshape(e.parameter(scope.sub('to_out.0'), 'bias', [dim]), [1, dim]);
    return e.concatValues([unconditional, vector], 0);
  };

  const int64 = (value: number) => builder.constant(BigInt64Array.of(BigInt(value)));
  const scaled = mul(latents, inputScale);
  const everyFrame = builder.constant(BigInt64Array.from(latents.shape, BigInt));
  const expand = (value: Value) => builder.node('Expand', [value, everyFrame], latents);
  const conditional = e.concatValues([scaled, expand(imageLatents)], 1);
  const zero = builder.constant(new Float32Array(1), [1, 1, 1, 1]);
  const sample = guidance ? e.concatValues([e.concatValues([scaled, expand(zero)], 1), conditional], 0) : conditional;
  const unetInputs = { sample: e.fromNchw(sample), timestep, addedTimeIds, crossAttention, frames };
  let prediction = e.toNchw(unetSpatioTemporalCondition(e, step.root, architecture, unetInputs));
  if (guidance) {
    const weight = builder.input('guidance', 'float32', [frames, 1, 1, 1]);
    const part = (from: number, to: number) =>
      builder.node('Slice', [prediction, int64(from), int64(to), int64(0)], latents);
    const without = part(0, frames);
    const withPhoto = part(frames, 2 * frames);
    prediction = add(without, mul(weight, sub(withPhoto, without)));
  }
  const x0 = add(mul(latents, x0FromLatents), mul(prediction, x0FromPrediction));
  builder.output('x0', x0);
  builder.output('next', add(x0, mul(keep, sub(latents, x0))));
  return { condition, step };
}

/**
 * The UNet by itself, as diffusers' class is called: `sample` `[batch·frames, in, h, w]`, `timestep` `[1, …]` and
 * `added_time_ids` `[batch, …]` as sinusoids, `encoder_hidden_states` `[batch, context]` → `out`.
 */
export function unetGraph(
  { unet }: Checkpoint,
  shape: { readonly batch: number; readonly frames: number; readonly height: number; readonly width: number },
  options: DraftOptions,
): Draft {
  const { architecture, weights } = unet;
  const { batch, frames, height, width } = shape;
  const d = draft('unet', weights, options);
  const widths = sinusoidWidths(architecture);
  const sample = d.builder.input('sample', 'float32', [batch * frames, architecture.inChannels, height, width]);
  const context = d.builder.input('encoder_hidden_states', 'float32', [batch, architecture.mid.contextDim]);
  const out = unetSpatioTemporalCondition(d.e, d.root, architecture, {
    sample: d.e.fromNchw(sample),
    timestep: d.builder.input('timestep', 'float32', [1, widths.timestep]),
    addedTimeIds: d.builder.input('added_time_ids', 'float32', [batch, widths.addedTimeIds]),
    crossAttention: (scope, dim) => crossAttentionVector(d.e, scope, context, dim),
    frames,
  });
  d.builder.output('out', d.e.toNchw(out));
  return d;
}
