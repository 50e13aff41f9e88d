const SIZE = 1024;
const MASK = SIZE - 1;

/** A random generator of numbers in 0…1 with a fixed seed. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t ^= t + Math.imul(t ^ (t >>> 7), 61 | t);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const random = createRandom(7);
const VALUES = Float64Array.from({ length: SIZE }, () => random() * 2 - 1);
const ORDER = Uint16Array.from({ length: SIZE }, (_, i) => i);
for (let i = MASK; i > 0; i--) {
  const j = Math.floor(random() * (i + 1));
  [ORDER[i], ORDER[j]] = [ORDER[j]!, ORDER[i]!];
}

/** A hash of a cell of the plane, −1…1. */
export const cell = (x: number, y: number): number => VALUES[ORDER[(ORDER[x & MASK]! + y) & MASK]!]!;

const cell3 = (x: number, y: number, z: number): number =>
  VALUES[ORDER[(ORDER[(ORDER[x & MASK]! + y) & MASK]! + z) & MASK]!]!;

const curve = (t: number): number => t * t * t * (t * (t * 6 - 15) + 10);
const slope = (t: number): number => 30 * t * t * (t * (t - 2) + 1);

/** The gradient of the last {@link noise2} call, written here so that a call allocates nothing. */
export const gradient = { x: 0, y: 0 };

/** Smooth noise in the plane, −1…1; writes its gradient to {@link gradient}. */
export function noise2(x: number, y: number): number {
  const ix = Math.floor(x);
  const iy = Math.floor(y);
  const fx = x - ix;
  const fy = y - iy;
  const u = curve(fx);
  const v = curve(fy);
  const a = cell(ix, iy);
  const b = cell(ix + 1, iy) - a;
  const c = cell(ix, iy + 1) - a;
  const d = cell(ix + 1, iy + 1) - a - b - c;
  gradient.x = slope(fx) * (b + d * v);
  gradient.y = slope(fy) * (c + d * u);
  return a + b * u + c * v + d * u * v;
}

/** Smooth noise in space, −1…1. */
export function noise3(x: number, y: number, z: number): number {
  const ix = Math.floor(x);
  const iy = Math.floor(y);
  const iz = Math.floor(z);
  const u = curve(x - ix);
  const v = curve(y - iy);
  const w = curve(z - iz);
  const mix = (a: number, b: number, t: number): number => a + (b - a) * t;
  const near = mix(
    mix(cell3(ix, iy, iz), cell3(ix + 1, iy, iz), u),
    mix(cell3(ix, iy + 1, iz), cell3(ix + 1, iy + 1, iz), u),
    v,
  );
  const far = mix(
    mix(cell3(ix, iy, iz + 1), cell3(ix + 1, iy, iz + 1), u),
    mix(cell3(ix, iy + 1, iz + 1), cell3(ix + 1, iy + 1, iz + 1), u),
    v,
  );
  return mix(near, far, w);
}

/** Fractal noise: each octave is half as large as the previous one and rotated against it; about −1…1. */
export function fbm2(x: number, y: number, octaves: number): number {
  let sum = 0;
  let weight = 0.5;
  for (let i = 0; i < octaves; i++) {
    sum += weight * noise2(x, y);
    weight *= 0.5;
    [x, y] = [1.62 * x - 1.18 * y + 17.3, 1.18 * x + 1.62 * y + 5.7];
  }
  return sum;
}

/** {@link fbm2} in space. */
export function fbm3(x: number, y: number, z: number, octaves: number): number {
  let sum = 0;
  let weight = 0.5;
  for (let i = 0; i < octaves; i++) {
    sum += weight * noise3(x, y, z);
    weight *= 0.5;
    [x, y, z] = [1.6 * x - 1.2 * z + 3.1, 2.01 * y + 9.2, 1.2 * x + 1.6 * z + 4.7];
  }
  return sum;
}

/** Fractal noise of eroded mountains: octaves are weaker where the ground is already steep. About −0.5…1.2. */
export function eroded(x: number, y: number, octaves: number): number {
  let sum = 0;
  let weight = 1;
  let dx = 0;
  let dy = 0;
  for (let i = 0; i < octaves; i++) {
    const n = noise2(x, y);
    dx += gradient.x;
    dy += gradient.y;
    sum += (weight * n) / (1 + dx * dx + dy * dy);
    weight *= 0.5;
    [x, y] = [1.6 * x - 1.2 * y, 1.2 * x + 1.6 * y];
  }
  return sum;
}
