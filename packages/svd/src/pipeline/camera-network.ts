import type { Weights } from '../safetensors/weights.ts';

/** Computes the camera move from the numbers in the noise: to the right, down, and how much nearer, in `camera_move`'s units. */
export type CameraNetwork = (numbers: readonly number[]) => readonly [right: number, down: number, nearer: number];

/** The block of the UNet that does it, see `find_camera_move` in models/nano/training/construct_motion.py. */
const BLOCK = 'down_blocks.2.attentions.0.temporal_transformer_blocks.0';
/** The channels of its tokens with the numbers, and with the move. */
const [FIRST_NUMBER, FIRST_MOVE, NUMBERS] = [6, 9, 3];
/** The second half of the tokens has alternating constants. */
const [CONSTANT, EPSILON] = [8, 1e-5];

/**
 * Reads the feed-forward network in the UNet of `models/nano` that computes the camera move from the numbers in the noise. It was
 * fitted to `camera_move` in models/nano/training/camera.py, but is not exactly that function.
 */
export async function readCameraNetwork(unet: Weights): Promise<CameraNetwork> {
  const [normWeight, normBias, inWeight, inBias, outWeight, outBias] = await Promise.all(
    [
      'norm3.weight',
      'norm3.bias',
      'ff.net.0.proj.weight',
      'ff.net.0.proj.bias',
      'ff.net.2.weight',
      'ff.net.2.bias',
    ].map((name) => unet.read(`${BLOCK}.${name}`)),
  );
  const width = normWeight!.length;
  const hidden = inBias!.length / 2;
  return (numbers) => {
    const token = Float64Array.from({ length: width }, (_, i) => (i < width / 2 ? 0 : i % 2 ? -CONSTANT : CONSTANT));
    token.set(numbers.slice(0, NUMBERS), FIRST_NUMBER);
    const mean = token.reduce((sum, value) => sum + value, 0) / width;
    const variance = token.reduce((sum, value) => sum + (value - mean) ** 2, 0) / width;
    const normed = token.map(
      (value, i) => ((value - mean) / Math.sqrt(variance + EPSILON)) * normWeight![i]! + normBias![i]!,
    );
    const row = (matrix: Float32Array, number: number, values: Float64Array): number =>
      values.reduce((sum, value, i) => sum + value * matrix[number * values.length + i]!, 0);
    const units = Float64Array.from({ length: hidden }, (_, i) => {
      const gate = row(inWeight!, hidden + i, normed) + inBias![hidden + i]!;
      return (row(inWeight!, i, normed) + inBias![i]!) * gelu(gate);
    });
    const move = (axis: number): number => row(outWeight!, FIRST_MOVE + axis, units) + outBias![FIRST_MOVE + axis]!;
    return [move(0), move(1), move(2)];
  };
}

const gelu = (x: number): number => 0.5 * x * (1 + erf(x / Math.SQRT2));

/** The error function to 1.5e-7: Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.26. */
function erf(x: number): number {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const polynomial = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
  return Math.sign(x) * (1 - polynomial * Math.exp(-x * x));
}
