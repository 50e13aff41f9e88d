import { encodeBits } from './convolutional-code.ts';
import type { MarkDesign } from './design.ts';
import { TILE } from './design.ts';
import { createFft } from './fft.ts';
import { payloadBits } from './payload.ts';
import type { MarkPayload } from './payload.ts';

/** The tile is computed with this many samples for each of its pixels, to be sampled between them. */
const OVERSAMPLING = 4;
/** A tile's side in samples. */
const SIDE = OVERSAMPLING * TILE;

/** The message of a payload as the waves carry it. */
function codeMessage(design: MarkDesign, payload: MarkPayload): Uint8Array {
  return encodeBits(payloadBits(payload).map((bit, i) => bit ^ design.scramble[i]!));
}

/** The angle by which two coded bits turn a wave: four directions, 90° apart. */
const turnOf = (cosine: number, sine: number): number => Math.atan2(sine ? 1 : -1, cosine ? 1 : -1);

/**
 * The mark's pattern for pictures of one size, with a mean of 0 and a mean square of 1.
 * @param pitch pixels of the picture for each pixel of the mark.
 */
export function renderPattern(
  design: MarkDesign,
  payload: MarkPayload,
  { width, height, pitch }: { readonly width: number; readonly height: number; readonly pitch: number },
): Float32Array {
  const tile = renderTile(design, payload);
  const pattern = new Float32Array(width * height);
  const columns = Uint32Array.from({ length: width }, (_, x) => Math.round((x * OVERSAMPLING) / pitch) % SIDE);
  for (let y = 0, i = 0; y < height; y++) {
    const row = (Math.round((y * OVERSAMPLING) / pitch) % SIDE) * SIDE;
    for (let x = 0; x < width; x++, i++) pattern[i] = tile[row + columns[x]!]!;
  }
  return pattern;
}

function renderTile(design: MarkDesign, payload: MarkPayload): Float32Array {
  const coded = codeMessage(design, payload);
  const re = new Float32Array(SIDE * SIDE);
  const im = new Float32Array(SIDE * SIDE);
  const amplitude = Math.sqrt(2 / (design.sync.length + design.data.length));
  // The transform's exponent is negative, so that the wave at (x, y) is put at (-x, -y).
  const put = (x: number, y: number, phase: number): void => {
    const at = ((SIDE - y) % SIDE) * SIDE + ((SIDE - x) % SIDE);
    re[at] = amplitude * Math.cos(phase);
    im[at] = amplitude * Math.sin(phase);
  };
  for (const { x, y, phase } of design.sync) put(x, y, phase);
  for (const { x, y, phase, bits } of design.data) put(x, y, phase + turnOf(coded[bits[0]]!, coded[bits[1]]!));
  const fft = createFft(SIDE);
  for (let y = 0; y < SIDE; y++) fft.transform(re, im, y * SIDE, 1);
  for (let x = 0; x < SIDE; x++) fft.transform(re, im, x, SIDE);
  return re;
}
