import type { MarkDesign, Wave } from './design.ts';
import { TILE } from './design.ts';
import { createFft } from './fft.ts';
import type { Spectrum } from './spectrum.ts';

/** Where a mark lies in a picture. */
export interface Placement {
  /** Pixels of the picture for each pixel of the mark, horizontally and vertically. */
  readonly scaleX: number;
  readonly scaleY: number;
  /** The position of a tile's corner relative to the picture's centre, in pixels of the mark. */
  readonly shiftX: number;
  readonly shiftY: number;
}

/** A placement, and how well the mark's known waves agree with the picture there, in standard deviations. */
export interface SyncMatch {
  readonly placement: Placement;
  readonly score: number;
}

/** The scales that are searched, in pixels of the picture for each one of the mark. */
export const SCALES = { from: 0.35, to: 1.7 } as const;
/** Shifts are first searched on a grid of this many places in a tile, in each direction. */
const GRID = 64;
/** So many of the best scales are looked at closely. */
const CANDIDATES = 12;
/** The outermost wave may be wrong by this part of a period at the border, between two scales. */
const SCALE_STEP = 0.35;
/** A single frequency counts at most this many times its neighbourhood. */
const MAX_MAGNITUDE = 2.5;

/** The known waves as a spectrum shows them at a scale. */
function readWaves(
  spectrum: Spectrum,
  waves: readonly Wave[],
  scaleX: number,
  scaleY: number,
  into: Float64Array,
): void {
  const [stepX, stepY] = [1 / (TILE * scaleX), 1 / (TILE * scaleY)];
  for (let i = 0; i < waves.length; i++) {
    const { x, y } = waves[i]!;
    spectrum.read(x * stepX, y * stepY, into, 2 * i);
    const magnitude = Math.hypot(into[2 * i]!, into[2 * i + 1]!);
    if (magnitude <= MAX_MAGNITUDE) continue;
    into[2 * i]! *= MAX_MAGNITUDE / magnitude;
    into[2 * i + 1]! *= MAX_MAGNITUDE / magnitude;
  }
}

/** The waves of a spectrum at a placement, turned so that a mark's own have the phase 0: real and imaginary parts in turn. */
export function alignWaves(spectrum: Spectrum, waves: readonly Wave[], placement: Placement): Float64Array {
  const { scaleX, scaleY, shiftX, shiftY } = placement;
  const read = new Float64Array(2 * waves.length);
  readWaves(spectrum, waves, scaleX, scaleY, read);
  for (const [i, { x, y, phase }] of waves.entries()) {
    const angle = phase - (2 * Math.PI * (x * shiftX + y * shiftY)) / TILE;
    const [c, s] = [Math.cos(angle), Math.sin(angle)];
    const [re, im] = [read[2 * i]!, read[2 * i + 1]!];
    read[2 * i] = re * c + im * s;
    read[2 * i + 1] = im * c - re * s;
  }
  return read;
}

/**
 * The agreement of aligned waves with the phase 0, in standard deviations. For a picture without the mark, the phases of the key are
 * independent of it, and each is uniform. A wave of the magnitude a then contributes a·cos φ, of which `E exp(s·a·cos φ) = I₀(s·a) <=
 * exp(s²a²/4)`; so that, by Chernoff's inequality, `P(score > t) <= exp(-t² / 2)` at each placement, whatever the picture shows.
 */
function scoreOf(aligned: Float64Array): number {
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < aligned.length; i += 2) {
    sum += aligned[i]!;
    squares += aligned[i]! ** 2 + aligned[i + 1]! ** 2;
  }
  return squares > 0 ? sum / Math.sqrt(squares / 2) : 0;
}

/** Finds the places where a mark may lie, the best first. */
export function findSync(spectrum: Spectrum, { sync }: MarkDesign): SyncMatch[] {
  const search = createShiftSearch(sync);
  const read = new Float64Array(2 * sync.length);
  const found: SyncMatch[] = [];
  const outermost = Math.max(...sync.map(({ x, y }) => Math.hypot(x, y))) / TILE;
  const length = Math.max(spectrum.width, spectrum.height);
  for (let scale: number = SCALES.from; scale <= SCALES.to;) {
    readWaves(spectrum, sync, scale, scale, read);
    const { score, shiftX, shiftY } = search(read);
    found.push({ placement: { scaleX: scale, scaleY: scale, shiftX, shiftY }, score });
    scale *= 1 + (SCALE_STEP * scale) / (outermost * length);
  }
  found.sort((a, b) => b.score - a.score);
  return found
    .slice(0, CANDIDATES)
    .map((match) => refine(spectrum, sync, match))
    .sort((a, b) => b.score - a.score);
}

/** Finds the best shift for waves: a transform of their products with the known phases has a peak there. */
function createShiftSearch(waves: readonly Wave[]) {
  const fft = createFft(GRID);
  const re = new Float32Array(GRID * GRID);
  const im = new Float32Array(GRID * GRID);
  const phases = waves.map(({ phase }) => [Math.cos(phase), Math.sin(phase)] as const);
  const places = waves.map(({ x, y }) => ((y + GRID) % GRID) * GRID + ((x + GRID) % GRID));
  const rows = [...new Set(places.map((place) => Math.floor(place / GRID)))];
  return (read: Float64Array) => {
    re.fill(0);
    im.fill(0);
    let squares = 0;
    for (let i = 0; i < waves.length; i++) {
      const [a, b] = [read[2 * i]!, read[2 * i + 1]!];
      const [c, s] = phases[i]!;
      // The conjugate of the product, because the transform's exponent is negative and the shift's is positive.
      re[places[i]!] = a * c + b * s;
      im[places[i]!] = b * c - a * s;
      squares += a * a + b * b;
    }
    for (let i = 0; i < im.length; i++) im[i] = -im[i]!;
    for (const row of rows) fft.transform(re, im, row * GRID, 1);
    for (let x = 0; x < GRID; x++) fft.transform(re, im, x, GRID);
    let best = 0;
    for (let i = 1; i < re.length; i++) if (re[i]! > re[best]!) best = i;
    const step = TILE / GRID;
    return {
      score: re[best]! / Math.sqrt(squares / 2 + 1e-12),
      shiftX: (best % GRID) * step,
      shiftY: Math.floor(best / GRID) * step,
    };
  };
}

/** The steps of the refinement: for shifts in pixels of the mark, and for scales in periods at the border. */
const REFINEMENTS = [1, 0.5, 0.25, 0.12] as const;

/** Climbs to the best placement near one, with a scale of its own in each direction. */
function refine(spectrum: Spectrum, waves: readonly Wave[], match: SyncMatch): SyncMatch {
  let best = match;
  const { width, height } = spectrum;
  for (const step of REFINEMENTS) {
    for (let round = 0, better = true; better && round < 8; round++) {
      better = false;
      for (const [dx, dy, sx, sy] of DIRECTIONS) {
        const { scaleX, scaleY, shiftX, shiftY } = best.placement;
        const placement = {
          scaleX: scaleX * (1 + (sx * step * scaleX) / width),
          scaleY: scaleY * (1 + (sy * step * scaleY) / height),
          shiftX: shiftX + dx * step,
          shiftY: shiftY + dy * step,
        };
        const score = scoreOf(alignWaves(spectrum, waves, placement));
        if (score <= best.score) continue;
        best = { placement, score };
        better = true;
      }
    }
  }
  return best;
}

const DIRECTIONS = [
  [1, 0, 0, 0],
  [-1, 0, 0, 0],
  [0, 1, 0, 0],
  [0, -1, 0, 0],
  [0, 0, 1, 1],
  [0, 0, -1, -1],
  [0, 0, 1, 0],
  [0, 0, -1, 0],
  [0, 0, 0, 1],
  [0, 0, 0, -1],
] as const;
