import { cell, fbm2, gradient, noise2, noise3 } from '../noise.ts';
import { createCamera } from '../scene.ts';
import type { Scene } from '../scene.ts';
import { add, along, clamp, dot, mix, mul, normalize, reflect, scale, smoothstep, vec } from '../vec.ts';
import type { Vec } from '../vec.ts';
import { clearSky, skyLight } from './sky.ts';
import type { SkyLook } from './sky.ts';

/** A lighthouse on a cliff in the last sunlight, a fence along the edge, and the sea. In metres; z points away from the eye. */

const LOOK: SkyLook = {
  sun: normalize(vec(-0.78, 0.21, 0.28)),
  sunColour: vec(2.5, 1.38, 0.68),
  zenith: vec(0.1, 0.23, 0.5),
  horizon: vec(0.82, 0.62, 0.5),
  glow: vec(1.7, 0.9, 0.4),
  cloudLight: vec(1.55, 1.12, 0.82),
  cloudShade: vec(0.3, 0.33, 0.44),
  cloudBase: 900,
  cloudDepth: 620,
  cloudSize: 1150,
  cover: -0.1,
  drift: { x: 5300, z: 300 },
};
const SKY_ON_GROUND = vec(0.3, 0.37, 0.5);
const FAR = 14_000;
const TOWER = { x: 7.5, z: 84, height: 21 } as const;
const HOUSE = { x: 17.5, z: 89 } as const;

const camera = createCamera(vec(0.4, 26.9, 0), vec(0.9, 29.3, 20), 1.62);

/** The edge of the cliff: a bay in front of the camera, and the headland behind it. */
const edge = (z: number): number =>
  -4.6 + 12 * Math.exp(-(((z - 40) / 15) ** 2)) - 6 * Math.exp(-(((z - 84) / 20) ** 2));
/** The centre line of the path. */
const path = (z: number): number => 0.9 + edge(z) * 0.55 + 3.4 + 1.1 * Math.sin(z / 9);

function far(x: number, z: number): number {
  const one = 120 * Math.exp(-(((x - 900) / 520) ** 2) - ((z - 2100) / 420) ** 2);
  const two = 260 * Math.exp(-(((x - 1500) / 1400) ** 2) - ((z - 5200) / 800) ** 2);
  return (one + two) * (1 + 0.5 * fbm2(x / 240, z / 240, 5)) - 14;
}

function ground(x: number, z: number, fine: boolean): number {
  if (z > 170) return far(x, z);
  const ragged = 3.4 * fbm2(x / 9 + 2, z / 9, fine ? 6 : 4);
  const inland = Math.min(x - edge(z), 118 - z) + ragged;
  const top = 24.6 + 0.9 * fbm2(x / 16, z / 16, 3) + 9 * smoothstep(22, 70, x) + 0.012 * z;
  let h = -5 + (top + 5) * smoothstep(-6.5, 0.6, inland);
  const face = smoothstep(0.4, -1.2, inland);
  h += face * 0.7 * Math.sin(h * 1.9 + 2.5 * noise2(x / 6, z / 6));
  if (fine && face < 0.9 && z < 60) {
    const trodden = smoothstep(0.9, 0.45, Math.abs(x - path(z)));
    h +=
      (1 - face) *
      (1 - 0.85 * trodden) *
      (0.2 * noise2(x * 1.9, z * 1.5) ** 2 + 0.06 * Math.abs(noise2(x * 11, z * 8)) + 0.06 * noise2(x * 31, z * 19));
    h -= 0.1 * trodden;
  }
  return h;
}

const box = (x: number, y: number, z: number, w: number, h: number, d: number): number => {
  const [a, b, c] = [Math.abs(x) - w, Math.abs(y) - h, Math.abs(z) - d];
  return Math.hypot(Math.max(a, 0), Math.max(b, 0), Math.max(c, 0)) + Math.min(Math.max(a, b, c), 0);
};
const drum = (r: number, y: number, radius: number, low: number, high: number): number => {
  const [a, b] = [r - radius, Math.abs(y - (low + high) / 2) - (high - low) / 2];
  return Math.hypot(Math.max(a, 0), Math.max(b, 0)) + Math.min(Math.max(a, b), 0);
};

type What = 'land' | 'tower' | 'red' | 'iron' | 'lamp' | 'wall' | 'roof' | 'window' | 'wood' | 'water' | 'sky';
interface Near {
  d: number;
  what: What;
}

/** Distance to the nearest building or fence. */
function built(p: Vec): Near {
  let best: Near = { d: 9, what: 'sky' };
  const take = (d: number, what: What): void => {
    if (d < best.d) best = { d, what };
  };
  const base = 24.8;
  const r = Math.hypot(p.x - TOWER.x, p.z - TOWER.z);
  const y = p.y - base;
  if (r < 12) {
    const top = TOWER.height;
    const radius = 2.9 - 0.85 * smoothstep(0, top, y);
    const red = (y > 6.2 && y < 10.4) || (y > 14.6 && y < 18.4);
    take(drum(r, y, radius, -2, top) * 0.95, red ? 'red' : 'tower');
    take(drum(r, y, 3.05, top, top + 0.4), 'tower');
    const angle = Math.atan2(p.z - TOWER.z, p.x - TOWER.x);
    const post = Math.abs((((angle / Math.PI) * 9 + 18) % 1) - 0.5) * 0.9;
    take(
      Math.max(Math.hypot(r - 2.95, Math.max(0, 0.45 - post) * 1.2) - 0.06, Math.abs(y - top - 0.9) - 0.6) * 0.6,
      'iron',
    );
    take(Math.hypot(r - 2.95, y - top - 1.45) - 0.06, 'iron');
    take(drum(r, y, 1.45, top + 0.4, top + 3.1), Math.abs(y - top - 1.9) < 0.95 && post > 0.07 ? 'lamp' : 'iron');
    take(Math.hypot(r, (y - top - 3.1) * 1.25) - 1.75 + (y < top + 3.1 ? 2 : 0), 'red');
    take(drum(r, y, 0.08, top + 4.2, top + 6), 'iron');
    take(box(p.x - TOWER.x + 2.5 * 0.62, y - 5, p.z - TOWER.z + 2.5, 0.34, 0.7, 0.5), 'window');
    take(box(p.x - TOWER.x + 2.2 * 0.62, y - 12.6, p.z - TOWER.z + 2.1, 0.3, 0.6, 0.5), 'window');
  }
  const [hx, hz] = [p.x - HOUSE.x, p.z - HOUSE.z];
  if (Math.hypot(hx, hz) < 14) {
    take(box(hx, y - 1.6, hz, 5, 2.4, 3.2), 'wall');
    const ridge = Math.max((y - 4) * 0.78 + Math.abs(hz) * 0.62 - 2.3, Math.abs(hx) - 5.3, 3.9 - y);
    take(ridge * 0.9, 'roof');
    take(box(hx - 3.4, y - 6.2, hz, 0.5, 1.3, 0.5), 'wall');
    for (const w of [-3, 0.2, 3.2]) take(box(hx - w, y - 2, hz + 3.2, 0.55, 0.75, 0.06), 'window');
  }
  if (p.z > -2 && p.z < 76) {
    const i = Math.round((p.z - 2.6) / 3.1);
    const z = i * 3.1 + 2.6;
    const x = edge(z) + 2.2 + 0.2 * cell(i, 3);
    const lean = 0.09 * cell(i, 9);
    const foot = ground(x, z, false) + 0.02;
    const h = p.y - foot;
    take(box(p.x - x - lean * h, h - 0.5, p.z - z, 0.055, 0.62 + 0.05 * cell(i, 5), 0.055) - 0.015, 'wood');
    const nextX = edge(p.z) + 2.2;
    for (const wire of [0.95, 0.55]) {
      const sag = 0.05 * Math.cos(((p.z - z) / 3.1) * Math.PI * 2);
      const level = ground(nextX, p.z, false) + wire + sag - 0.05;
      take(Math.hypot(p.x - nextX, p.y - level) * 0.7 - 0.011, 'iron');
    }
  }
  return best;
}

function trace(from: Vec, d: Vec): { t: number; what: What } {
  const water = d.y < 0 ? -from.y / d.y : Infinity;
  const most = Math.min(water, FAR);
  let t = 0.4;
  for (let i = 0; i < 500 && t < most; i++) {
    const p = along(from, d, t);
    if (p.y > 420) break;
    let what: What = 'land';
    let step = (p.y - ground(p.x, p.z, t < 60)) * (t < 130 ? 0.42 : 0.5);
    if (t < 110) {
      const near = built(p);
      if (near.d < step) ({ d: step, what } = near);
    }
    if (step < 0.0005 * t) return { t, what };
    t += Math.max(step, 0.0007 * t);
  }
  return water < FAR ? { t: water, what: 'water' } : { t: FAR, what: 'sky' };
}

function sunlit(p: Vec): number {
  let light = 1;
  let t = 0.25;
  for (let i = 0; i < 90 && t < 90 && light > 0.02; i++) {
    const q = along(p, LOOK.sun, t);
    const gap = Math.min((q.y - ground(q.x, q.z, false)) * 0.6, built(q).d);
    light = Math.min(light, clamp(0.5 + (18 * gap) / t));
    t += Math.max(0.12, gap);
  }
  return light;
}

function normalAt(p: Vec, t: number, what: What): Vec {
  const e = Math.max(0.012, t * 0.0009);
  if (what === 'land') {
    const fine = t < 60;
    const dx = ground(p.x + e, p.z, fine) - ground(p.x - e, p.z, fine);
    const dz = ground(p.x, p.z + e, fine) - ground(p.x, p.z - e, fine);
    return normalize(vec(-dx, 2 * e, -dz));
  }
  const d = (x: number, y: number, z: number): number => built(vec(p.x + x, p.y + y, p.z + z)).d;
  return normalize(vec(d(e, 0, 0) - d(-e, 0, 0), d(0, e, 0) - d(0, -e, 0) + 1e-9, d(0, 0, e) - d(0, 0, -e)));
}

function lit(albedo: Vec, n: Vec, sun: number, sky: number): Vec {
  const direct = scale(LOOK.sunColour, 2.1 * sun * clamp(dot(n, LOOK.sun)));
  const ambient = scale(SKY_ON_GROUND, sky * (0.6 + 0.4 * n.y));
  const bounce = scale(vec(0.5, 0.36, 0.2), 0.22 * sky * clamp(0.5 - 0.5 * n.y + 0.2 * n.x));
  return mul(albedo, add(add(direct, ambient), bounce));
}

function meadow(p: Vec, n: Vec, t: number): Vec {
  const patch = 0.5 + 0.9 * fbm2(p.x / 3.3, p.z / 3.3, 5);
  let colour = mix(vec(0.075, 0.105, 0.03), vec(0.28, 0.23, 0.085), clamp(patch + 0.25 * noise2(p.x * 24, p.z * 10)));
  const trodden = smoothstep(1, 0.4, Math.abs(p.x - path(p.z)) + 0.25 * fbm2(p.x * 2, p.z * 2, 3));
  colour = mix(
    colour,
    scale(vec(0.42, 0.34, 0.24), 0.8 + 0.4 * fbm2(p.x * 9, p.z * 9, 3)),
    trodden * smoothstep(95, 70, p.z),
  );
  if (t < 34 && trodden < 0.2) {
    // Patches of sea thrift, which has small pink heads.
    const s = 6;
    const [ix, iz] = [Math.floor(p.x * s), Math.floor(p.z * s)];
    const drift = fbm2(p.x / 2.4 + 9, p.z / 2.4, 3);
    const there = cell(ix + 5, iz) > 0.62 - 1.1 * drift;
    const head = Math.hypot(p.x * s - ix - 0.5 - 0.25 * cell(ix, iz), p.z * s - iz - 0.5 - 0.25 * cell(ix, iz + 9));
    if (there) colour = mix(colour, vec(0.85, 0.38, 0.52), smoothstep(0.34, 0.2, head) * 0.9);
  }
  const rock = scale(
    mix(vec(0.36, 0.27, 0.2), vec(0.2, 0.17, 0.16), 0.5 + 0.8 * fbm2(p.x / 3, p.y * 0.9 + p.z / 7, 5)),
    0.95,
  );
  const face =
    smoothstep(0.78, 0.55, n.y) * (p.z > 170 ? 0.5 : 1) * smoothstep(25.6, 23.6, p.y + 1.2 * fbm2(p.x, p.z, 2));
  const wet = smoothstep(3.2, 0.8, p.y + noise2(p.x, p.z));
  return mix(colour, scale(rock, 1 - 0.65 * wet), Math.max(face, wet));
}

function throughAir(colour: Vec, d: Vec, t: number): Vec {
  const air = clearSky(LOOK, normalize(vec(d.x, 0.05, d.z)));
  return mix(scale(air, 0.96), colour, Math.exp(-t / 5200));
}

function seen(from: Vec, d: Vec, random: () => number): Vec {
  const { t, what } = trace(from, d);
  const p = along(from, d, t);
  if (what === 'sky') return skyLight(LOOK, d, random);
  if (what === 'water') return throughAir(sea(p, d, t, random), d, t);
  const n = normalAt(p, t, what);
  const sun = t < 400 ? sunlit(along(p, n, 0.06)) : 1;
  const light = (albedo: Vec, sky = 1): Vec => throughAir(lit(albedo, n, sun, sky), d, t);
  switch (what) {
    case 'land':
      return light(meadow(p, n, t), n.y < 0.6 ? 0.8 : 1);
    case 'tower': {
      const stain = 0.9 + 0.14 * fbm2(Math.atan2(p.z - TOWER.z, p.x - TOWER.x) * 6, p.y / 7, 4);
      return light(scale(vec(0.84, 0.82, 0.78), stain));
    }
    case 'red':
      return light(scale(vec(0.5, 0.075, 0.05), 0.95 + 0.3 * fbm2(p.x, p.y / 3, 3)));
    case 'wall':
      return light(vec(0.78, 0.75, 0.69));
    case 'roof':
      return light(
        scale(vec(0.32, 0.13, 0.08), 0.85 + 0.35 * Math.sin(p.x * 9) * 0.3 + 0.3 * noise2(p.x * 3, p.y * 6)),
      );
    case 'iron':
      return light(vec(0.07, 0.07, 0.075));
    case 'wood':
      return light(scale(vec(0.3, 0.25, 0.2), 0.8 + 0.5 * noise3(p.x * 30, p.y * 4, p.z * 30)));
    case 'window':
      return p.x > HOUSE.x - 8 ? vec(2.3, 1.25, 0.45) : light(vec(0.05, 0.06, 0.08));
    case 'lamp':
      return scale(vec(4.6, 3.1, 1.35), 0.45 + 0.5 * clamp(-dot(n, d)) ** 2);
  }
}

function sea(p: Vec, d: Vec, t: number, random: () => number): Vec {
  let [nx, nz] = [0, 0];
  let size = 0.03;
  let weight = 0.11;
  let [x, z] = [p.x, p.z * 1.5];
  for (let i = 0; i < 7; i++) {
    noise2(x * size, z * size);
    nx += weight * gradient.x;
    nz += weight * gradient.y;
    [x, z] = [0.85 * x - 0.52 * z + 31, 0.52 * x + 0.85 * z];
    size *= 1.9;
    weight *= 0.84;
  }
  const calm = 1 / (1 + t / 700);
  const spread = 0.12 * (1 - calm);
  const n = normalize(vec(nx * calm * 0.5 + spread * (random() - 0.5), 1, nz * calm * 0.5 + spread * (random() - 0.5)));
  const cosine = clamp(-dot(d, n));
  const mirror = 0.02 + 0.98 * (1 - cosine) ** 5 * 0.85;
  const r = reflect(d, n);
  const up = normalize(vec(r.x, Math.max(0.02, Math.abs(r.y)), r.z));
  const above = mix(clearSky(LOOK, up), LOOK.cloudShade, 0.25);
  const glitter = scale(LOOK.sunColour, 5 * clamp(dot(r, LOOK.sun)) ** 220);
  const shallow = t < 400 ? smoothstep(-30, -4, Math.min(p.x - edge(p.z), 118 - p.z)) : 0;
  const deep = mix(vec(0.012, 0.06, 0.085), vec(0.03, 0.16, 0.16), shallow);
  let colour = add(mix(deep, above, mirror), glitter);
  if (t < 500) {
    const off = Math.min(p.x - edge(p.z), 118 - p.z) + 4 * fbm2(p.x / 9 + 2, p.z / 9, 4);
    const lace = fbm2(p.x / 3.2, p.z / 3.2, 6) + 0.35 * Math.sin(off * 0.5 + 3 * fbm2(p.x / 14, p.z / 14, 3));
    const foam = smoothstep(-0.1, 0.3, lace - 0.55 + 1.15 * smoothstep(-24, -5.5, off));
    colour = mix(colour, scale(vec(0.9, 0.86, 0.82), 0.62), foam * 0.85);
  }
  return colour;
}

export const lighthouse: Scene = {
  width: 1024,
  height: 1536,
  samples: 2,
  exposure: 0.86,
  radiance: (sample, random) => seen(camera.position, camera.direction(sample), random),
};
