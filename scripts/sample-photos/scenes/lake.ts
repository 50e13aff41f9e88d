import { cell, eroded, fbm2, gradient, noise2, noise3 } from '../noise.ts';
import { createCamera } from '../scene.ts';
import type { Scene } from '../scene.ts';
import { add, along, clamp, dot, mix, mul, normalize, reflect, scale, smoothstep, vec } from '../vec.ts';
import type { Vec } from '../vec.ts';
import { clearSky, skyLight } from './sky.ts';
import type { SkyLook } from './sky.ts';

/** Mountains at dusk over a still lake, with mist on the water and firs and stones in front. In metres; z points away from the eye. */

const LOOK: SkyLook = {
  sun: normalize(vec(-0.62, 0.13, 0.55)),
  sunColour: vec(2.5, 1.1, 0.48),
  zenith: vec(0.075, 0.15, 0.34),
  horizon: vec(0.66, 0.48, 0.46),
  glow: vec(2.6, 1.1, 0.38),
  cloudLight: vec(1.35, 0.72, 0.5),
  cloudShade: vec(0.2, 0.2, 0.31),
  cloudBase: 2600,
  cloudDepth: 700,
  cloudSize: 3300,
  cover: -0.02,
  drift: { x: 2100, z: 900 },
};
const SKY_ON_GROUND = vec(0.17, 0.21, 0.33);
const FAR = 9000;

const camera = createCamera(vec(0, 4.4, 0), vec(0.2, 5.7, 20), 1.6);

const hill = (x: number, z: number, cx: number, cz: number, r: number, h: number): number => {
  const d = ((x - cx) ** 2 + (z - cz) ** 2) / (r * r);
  return h / (1 + d * d * 0.8 + d);
};

/** Base height of the mountains, in metres. */
function mass(x: number, z: number): number {
  return (
    hill(x, z, 1000, 4700, 1150, 1750) +
    hill(x, z, -1750, 3700, 1000, 1150) +
    hill(x, z, 2550, 3000, 1000, 950) +
    hill(x, z, -500, 6400, 1500, 1350) +
    hill(x, z, -1500, 1500, 620, 330) +
    hill(x, z, 1480, 1350, 560, 260)
  );
}

/** Height of the ground above the water. */
function ground(x: number, z: number, octaves: number): number {
  const m = mass(x, z);
  const rough = eroded(x / 900 + 3.3, z / 900 + 0.7, octaves);
  const shore = smoothstep(700, 1500, z + Math.abs(x) * 0.42 + 120 * noise2(x / 260, z / 260));
  const far = m * (0.62 + 0.62 * rough) + 26 * shore - 26 + 30 * shore * rough;
  const beyond = smoothstep(420, 700, z);
  const there = far * beyond - 10 * (1 - beyond);
  if (z > 150) return there;
  // The bank at the camera, which slopes into the water to the right, and an islet.
  const bank = 2.9 - z * 0.13 - x * 0.17 + 0.8 * fbm2(x / 7, z / 7, 4);
  const islet = 3.1 * Math.exp(-(((x - 27) / 8) ** 2) - ((z - 64) / 9) ** 2) - 1.5 + 0.5 * fbm2(x / 4, z / 4, 3);
  const tufts =
    octaves > 3 && z < 40
      ? 0.12 * noise2(x * 2.1, z * 1.7) ** 2 + 0.05 * Math.abs(noise2(x * 12, z * 9)) + 0.05 * noise2(x * 34, z * 23)
      : 0;
  return Math.max(there, bank + tufts, islet);
}

/** Height of the firs above the ground at (x, z): a jittered grid of cones. */
function firs(x: number, z: number): number {
  const size = 11;
  const [ix, iz] = [Math.floor(x / size), Math.floor(z / size)];
  let top = 0;
  for (let j = -1; j <= 1; j++) {
    for (let i = -1; i <= 1; i++) {
      const [cx, cz] = [ix + i, iz + j];
      const keep = cell(cx + 31, cz);
      if (keep < -0.35 + 0.9 * noise2(cx / 14, cz / 14)) continue;
      const px = (cx + 0.5 + 0.4 * cell(cx, cz)) * size;
      const pz = (cz + 0.5 + 0.4 * cell(cx, cz + 57)) * size;
      const tall = 15 + 8 * cell(cx + 7, cz + 13);
      top = Math.max(top, tall * (1 - Math.hypot(x - px, z - pz) / (0.26 * tall)));
    }
  }
  return top;
}

const treeline = (x: number, z: number): number => 330 + 130 * noise2(x / 300, z / 300);

/** Height of the ground including the forest. */
function surface(x: number, z: number, octaves: number): number {
  const h = ground(x, z, octaves);
  return z > 400 && h > 1.5 && h < treeline(x, z) ? h + firs(x, z) : h;
}

/** Single firs near the camera: x, z, height. */
const NEAR_FIRS = [
  [-13.5, 24, 21],
  [-19, 31, 25],
  [-9.6, 33, 13],
  [-25, 27, 23],
  [-16.5, 42, 18],
  [31.5, 66, 10],
  [24.6, 62, 13],
  [28.6, 64, 19],
] as const;

/** Stones in the shallow water: x, z, radius. */
const STONES = [
  [1.9, 10.5, 0.85],
  [3.5, 12.2, 0.55],
  [5.8, 15.5, 1.25],
  [7.7, 16.6, 0.6],
  [3.1, 19, 0.5],
  [10.5, 24, 0.95],
  [12.2, 25.6, 0.5],
  [0.2, 9.1, 0.4],
] as const;

/** Approximate distance to the nearest fir. */
function firDistance(p: Vec): number {
  let nearest = Infinity;
  for (const [x, z, tall] of NEAR_FIRS) {
    const [dx, dz] = [p.x - x, p.z - z];
    const r = Math.hypot(dx, dz);
    if (r > 7) {
      nearest = Math.min(nearest, r - 6);
      continue;
    }
    const foot = Math.max(0.2, ground(x, z, 3));
    const s = (p.y - foot) / tall;
    const up = clamp(s);
    const angle = Math.atan2(dz, dx);
    const layers = up * tall * 1.15 + 0.35 * noise2(angle * 2.2 + x, up * 9);
    const tier = 1 - (layers - Math.floor(layers));
    const ragged = 0.62 + 0.5 * noise3(dx * 2.6, p.y * 4.2, dz * 2.6) * (0.4 + up);
    const needles = 0.17 * tall * (1 - up) ** 0.82 * (0.42 + 0.58 * tier) * ragged;
    const reach = Math.max(s < 0.07 ? 0 : needles, 0.016 * tall * (1 - up));
    const over = Math.max(0, s - 1) * tall;
    nearest = Math.min(nearest, Math.hypot(r - reach, over) * (r < reach && over === 0 ? -1 : 1) * 0.45);
  }
  return nearest;
}

function stoneDistance(p: Vec): number {
  let nearest = Infinity;
  for (const [x, z, r] of STONES) {
    const d = Math.hypot((p.x - x) * 0.85, (p.y - r * 0.12) * 1.55, p.z - z);
    const rough =
      d > r * 2 ? 0 : 0.3 * r * noise3(p.x * 1.6, p.y * 2, p.z * 1.6) + 0.05 * noise3(p.x * 9, p.y * 9, p.z * 9);
    nearest = Math.min(nearest, (d - r + rough) * 0.6);
  }
  return nearest;
}

type What = 'land' | 'fir' | 'stone' | 'water' | 'sky';
interface Hit {
  readonly t: number;
  readonly what: What;
}

function trace(from: Vec, d: Vec, fine: boolean): Hit {
  const water = d.y < 0 ? -from.y / d.y : Infinity;
  const most = Math.min(water, FAR);
  let t = 0.3;
  for (let i = 0; i < (fine ? 700 : 260) && t < most; i++) {
    const p = along(from, d, t);
    if (p.y > 2600) break;
    const land = (p.y - surface(p.x, p.z, t < 200 ? 6 : t < 2500 ? 9 : 8)) * (t < 120 ? 0.5 : t < 2000 ? 0.4 : 0.24);
    let step = land;
    let what: What = 'land';
    if (t < 90) {
      const fir = firDistance(p);
      if (fir < step) [step, what] = [fir, 'fir'];
      const stone = stoneDistance(p);
      if (stone < step) [step, what] = [stone, 'stone'];
    }
    if (step < 0.0006 * t) return { t, what };
    t += Math.max(step, 0.0008 * t);
  }
  return water < FAR ? { t: water, what: 'water' } : { t: FAR, what: 'sky' };
}

/** Whether the sun reaches a point. */
function sunlit(p: Vec): number {
  let light = 1;
  let t = 12;
  for (let i = 0; i < 60 && light > 0.01; i++) {
    const q = along(p, LOOK.sun, t);
    if (q.y > 2300) break;
    const gap = q.y - ground(q.x, q.z, 6);
    light = Math.min(light, clamp(0.5 + (14 * gap) / t));
    t += Math.max(14, gap * 0.6);
  }
  return light;
}

function normalAt(p: Vec, t: number): Vec {
  const e = Math.max(0.02, t * 0.0012);
  const octaves = t < 200 ? 7 : 11;
  const dx = surface(p.x + e, p.z, octaves) - surface(p.x - e, p.z, octaves);
  const dz = surface(p.x, p.z + e, octaves) - surface(p.x, p.z - e, octaves);
  return normalize(vec(-dx, 2 * e, -dz));
}

function lit(albedo: Vec, n: Vec, sun: number, sky: number): Vec {
  const direct = scale(LOOK.sunColour, 1.9 * sun * clamp(dot(n, LOOK.sun)));
  const ambient = scale(SKY_ON_GROUND, sky * (0.55 + 0.45 * n.y));
  const bounce = scale(vec(0.5, 0.3, 0.2), 0.16 * clamp(0.5 + 0.5 * dot(n, vec(-0.7, 0, 0.7))));
  return mul(albedo, add(add(direct, ambient), bounce));
}

function landColour(p: Vec, t: number): Vec {
  const n = normalAt(p, t);
  const h = ground(p.x, p.z, 9);
  if (t < 140) {
    const dry = 0.5 + 0.5 * fbm2(p.x * 1.3, p.z * 1.3, 4) + 0.3 * noise2(p.x * 30, p.z * 11);
    const grass = mix(vec(0.045, 0.06, 0.024), vec(0.2, 0.155, 0.07), dry);
    return lit(mix(vec(0.1, 0.095, 0.09), grass, smoothstep(0.1, 0.7, h)), n, 0.22, 0.8);
  }
  const over = p.y - h;
  const rock = mix(vec(0.19, 0.17, 0.17), vec(0.29, 0.25, 0.23), 0.5 + 0.5 * fbm2(p.x / 60, p.y / 16 + p.z / 60, 5));
  const snow = smoothstep(620, 880, h + 190 * fbm2(p.x / 120, p.z / 120, 5)) * smoothstep(0.42, 0.66, n.y);
  const meadow = mix(rock, vec(0.12, 0.12, 0.06), smoothstep(0.6, 0.85, n.y) * (1 - smoothstep(350, 620, h)));
  let albedo = mix(meadow, vec(0.88, 0.9, 0.95), snow);
  let sky = 1;
  if (h < treeline(p.x, p.z) && over > 0.4) {
    albedo = mix(vec(0.03, 0.045, 0.028), vec(0.06, 0.075, 0.04), 0.5 + 0.5 * noise2(p.x / 9, p.z / 9));
    sky = 0.25 + 0.75 * clamp(over / 16);
  }
  return lit(albedo, n, sunlit(p), sky);
}

function nearNormal(p: Vec, distance: (p: Vec) => number): Vec {
  const e = 0.03;
  const d = (x: number, y: number, z: number): number => distance(vec(p.x + x, p.y + y, p.z + z));
  return normalize(vec(d(e, 0, 0) - d(-e, 0, 0), d(0, e, 0) - d(0, -e, 0), d(0, 0, e) - d(0, 0, -e)));
}

/** Mist above the water, and the haze of the air. */
function throughAir(colour: Vec, from: Vec, d: Vec, t: number, random: () => number): Vec {
  const air = mix(clearSky(LOOK, normalize(vec(d.x, 0.03, d.z))), SKY_ON_GROUND, 0.25);
  let result = mix(air, colour, Math.exp(-t / 14000));
  const steps = 14;
  const reach = Math.min(t, 2600);
  let thick = 0;
  for (let i = 0; i < steps; i++) {
    const s = ((i + random()) / steps) ** 2 * reach;
    const width = (2 * ((i + 0.5) / steps) * reach) / steps;
    const p = along(from, d, s);
    const patches = clamp(0.45 + 1.3 * fbm2(p.x / 170 + 4, p.z / 110, 4) + 0.25 * noise3(p.x / 30, p.y / 9, p.z / 30));
    thick += width * patches * Math.exp(-Math.max(0, p.y) / 13) * smoothstep(45, 420, s) * 0.0011;
  }
  const mist = mix(air, vec(0.75, 0.6, 0.55), 0.35);
  result = mix(mist, result, Math.exp(-thick));
  return result;
}

function seen(from: Vec, d: Vec, random: () => number, bounces: number): Vec {
  const { t, what } = trace(from, d, bounces > 0);
  const p = along(from, d, t);
  switch (what) {
    case 'sky':
      return throughAir(skyLight(LOOK, d, random), from, d, d.y < 0.12 ? 5200 * (1 - d.y / 0.12) : 0, random);
    case 'land':
      return throughAir(landColour(p, t), from, d, t, random);
    case 'fir': {
      const n = nearNormal(p, firDistance);
      const green = mix(vec(0.018, 0.027, 0.016), vec(0.05, 0.06, 0.03), 0.5 + 0.5 * noise3(p.x * 5, p.y * 5, p.z * 5));
      return throughAir(lit(green, n, 0.25, 0.9), from, d, t, random);
    }
    case 'stone': {
      const n = nearNormal(p, stoneDistance);
      const wet = smoothstep(0.16, 0.04, p.y);
      const grey = scale(vec(0.2, 0.19, 0.19), (0.75 + 0.5 * noise3(p.x * 7, p.y * 7, p.z * 7)) * (1 - 0.6 * wet));
      return lit(grey, n, 0.3, 1.15);
    }
    case 'water':
      return throughAir(waterColour(p, d, t, random, bounces), from, d, t, random);
  }
}

function waterColour(p: Vec, d: Vec, t: number, random: () => number, bounces: number): Vec {
  // Wind roughens the water in streaks; between them it is a mirror.
  const wind = smoothstep(0.02, 0.4, fbm2(p.x / 90 + 2, p.z / 26, 3));
  const calm = (0.0016 + 0.009 * wind) * (1 / (1 + t / 900));
  const ripple = (s: number): [number, number] => {
    noise2(p.x * s + 3, p.z * s * 1.7);
    return [gradient.x, gradient.y];
  };
  const [a, b, c] = [ripple(0.55), ripple(1.9), ripple(5.2)];
  const n = normalize(vec(calm * (a[0] + 0.6 * b[0] + 0.3 * c[0]), 1, calm * (a[1] + 0.6 * b[1] + 0.3 * c[1])));
  const cosine = clamp(-dot(d, n));
  const mirror = 0.02 + 0.98 * (1 - cosine) ** 5;
  const deep = mix(vec(0.012, 0.03, 0.04), vec(0.05, 0.06, 0.05), Math.exp(-t / 18));
  if (bounces === 0) return deep;
  const r = reflect(d, n);
  const up = normalize(vec(r.x, Math.max(r.y, 0.004), r.z));
  return mix(deep, seen(vec(p.x, 0.02, p.z), up, random, bounces - 1), mirror);
}

export const lake: Scene = {
  width: 1536,
  height: 1024,
  samples: 2,
  exposure: 1.45,
  radiance: (sample, random) => seen(camera.position, camera.direction(sample), random, 1),
};
