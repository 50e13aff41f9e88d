import { cell, createRandom, fbm2, fbm3, noise2, noise3 } from '../noise.ts';
import { createCamera } from '../scene.ts';
import type { Scene } from '../scene.ts';
import { add, along, clamp, cross, dot, mix, mul, normalize, reflect, scale, smoothstep, sub, vec } from '../vec.ts';
import type { Vec } from '../vec.ts';
import { ellipsoid, NEAR, shaped, sphere } from './solids.ts';
import type { Ray, Solid } from './solids.ts';

/** Oranges in a bowl and a jug with eucalyptus, lit by a window on the left: path traced. In decimetres. */

interface Matter {
  readonly albedo: Vec;
  /** Specular reflectance at normal incidence, 0…1; its roughness is below. */
  readonly shine: number;
  readonly rough: number;
  /** Perturbs the surface normal. */
  readonly bump?: number;
}
interface Thing {
  readonly solid: Solid;
  readonly matter: (p: Vec, n: Vec) => Matter;
}
/** Objects in a bounding sphere: a ray that misses the sphere misses all of them. */
interface Group {
  readonly centre: Vec;
  readonly reach: number;
  readonly things: readonly Thing[];
}

const EYE = vec(0.5, 3.05, -7.6);
const camera = createCamera(EYE, vec(0.22, 1.36, 0.2), 2.5);
const [LENS, FOCUS] = [0.05, 7.55];
const WALL = 3.2;
const WINDOW = { x: -4.6, low: 0.9, high: 5.2, near: -2.6, far: 1.9 } as const;
const DAYLIGHT = vec(6.6, 6.3, 5.7);
const ROOM = vec(0.05, 0.042, 0.036);

const peel =
  (hue: number) =>
  (p: Vec): Matter => ({
    albedo: mix(vec(0.86, 0.27, 0.02), vec(0.92, 0.4, 0.04), clamp(hue + 0.5 * fbm3(p.x * 2, p.y * 2, p.z * 2, 3))),
    shine: 0.045,
    rough: 0.2,
    bump: 0.11,
  });
const lemon = (p: Vec): Matter => ({
  albedo: mix(vec(0.88, 0.66, 0.05), vec(0.8, 0.62, 0.1), 0.5 + fbm3(p.x * 3, p.y * 3, p.z * 3, 3)),
  shine: 0.045,
  rough: 0.22,
  bump: 0.08,
});
const glaze = (p: Vec): Matter => {
  const band = smoothstep(0.86, 0.93, p.y + 0.02 * noise2(p.x * 9, p.z * 9));
  const speck = smoothstep(0.52, 0.7, noise3(p.x * 14, p.y * 14, p.z * 14));
  return {
    albedo: scale(mix(vec(0.3, 0.42, 0.46), vec(0.62, 0.6, 0.54), band), 1 - 0.4 * speck),
    shine: 0.05,
    rough: 0.06,
  };
};
const stoneware = (p: Vec): Matter => {
  const dipped = smoothstep(1.02, 0.96, p.y + 0.05 * noise2(p.x * 4, p.z * 4));
  const speck = smoothstep(0.55, 0.72, noise3(p.x * 17, p.y * 17, p.z * 17));
  return {
    albedo: scale(mix(vec(0.74, 0.7, 0.62), vec(0.38, 0.26, 0.18), dipped), 1 - 0.35 * speck),
    shine: 0.03,
    rough: 0.3,
  };
};
const leafGreen = (p: Vec): Matter => ({
  albedo: mix(vec(0.2, 0.3, 0.22), vec(0.34, 0.42, 0.33), 0.5 + 0.5 * noise3(p.x * 3, p.y * 3, p.z * 3)),
  shine: 0.03,
  rough: 0.35,
});
const twig = (): Matter => ({ albedo: vec(0.26, 0.17, 0.11), shine: 0.01, rough: 0.5 });

const BOWL = vec(-0.85, 1.2, 0.5);
function bowl(p: Vec): number {
  const q = sub(p, BOWL);
  const r = Math.hypot(q.x, q.z);
  const shell = Math.max(Math.abs(Math.hypot(r, q.y) - 1.2) - 0.045, q.y + 0.28);
  const foot = Math.hypot(Math.max(Math.abs(r - 0.5) - 0.05, 0), Math.max(Math.abs(q.y + 1.13) - 0.06, 0)) - 0.012;
  const rim = Math.hypot(r - 1.167, q.y + 0.28) - 0.045;
  return Math.min(shell, foot, rim);
}

const JUG = vec(1.45, 0, 1.35);
function jug(p: Vec): number {
  const y = p.y;
  const belly = 0.3 + 0.42 * Math.exp(-(((y - 0.72) / 0.52) ** 2)) + 0.16 * smoothstep(1.55, 2.15, y);
  const r = Math.hypot(p.x - JUG.x, p.z - JUG.z);
  const shell = Math.abs(r - belly) - 0.035;
  return Math.max(shell * 0.72, y - 2.12, -y);
}

/** Twigs that rise from a point and bend over, with leaves in pairs. */
function branch(from: Vec, way: Vec, bend: Vec, lengthOf: number, seed: number): Thing[] {
  const random = createRandom(seed);
  const things: Thing[] = [];
  const count = Math.round(lengthOf / 0.26);
  let at = from;
  let to = normalize(way);
  for (let i = 0; i < count; i++) {
    to = normalize(add(to, scale(bend, 0.1)));
    const next = along(at, to, 0.27);
    const middle = scale(add(at, next), 0.5);
    things.push({ solid: ellipsoid(middle, vec(0.16, 0.017, 0.017), to), matter: twig });
    if (i > 1) {
      const turn = random() * 6.3;
      for (const side of [0, Math.PI]) {
        const out = normalize(cross(to, vec(Math.sin(turn + side), 0.4 * random(), Math.cos(turn + side))));
        const spread = normalize(add(add(out, scale(to, 0.45)), vec(0, 0.25 * (random() - 0.5), 0)));
        const size = (0.29 - 0.012 * i) * (0.8 + 0.4 * random());
        const face = normalize(vec(random() - 0.5, 0.5 + random(), random() - 0.5));
        things.push({
          solid: ellipsoid(along(next, spread, size * 0.95), vec(size, 0.012, size * 0.72), spread, face),
          matter: leafGreen,
        });
      }
    }
    at = next;
  }
  return things;
}

const LIP = vec(JUG.x, 1.9, JUG.z);
const groups: readonly Group[] = [
  {
    centre: vec(-0.85, 1.1, 0.5),
    reach: 1.55,
    things: [
      { solid: shaped(bowl, vec(-0.85, 0.5, 0.5), 1.4), matter: glaze },
      { solid: sphere(vec(-1.27, 0.95, 0.28), 0.46), matter: peel(0.3) },
      { solid: sphere(vec(-0.42, 0.93, 0.22), 0.45), matter: peel(0.55) },
      { solid: sphere(vec(-0.8, 0.95, 0.98), 0.47), matter: peel(0.45) },
      { solid: sphere(vec(-0.83, 1.56, 0.48), 0.45), matter: peel(0.5) },
      {
        solid: ellipsoid(vec(-0.5, 1.98, 0.5), vec(0.24, 0.012, 0.13), vec(0.9, 0.35, -0.3), vec(-0.3, 1, 0.1)),
        matter: leafGreen,
      },
    ],
  },
  {
    centre: vec(1.2, 0.35, -0.5),
    reach: 1.5,
    things: [
      { solid: sphere(vec(0.86, 0.43, -0.62), 0.43), matter: peel(0.4) },
      { solid: ellipsoid(vec(1.82, 0.33, -0.3), vec(0.47, 0.33, 0.33), vec(0.8, 0.06, 0.55)), matter: lemon },
      { solid: ellipsoid(vec(2.19, 0.355, -0.05), vec(0.12, 0.1, 0.1), vec(0.8, 0.06, 0.55)), matter: lemon },
    ],
  },
  {
    centre: vec(1.45, 1.06, 1.35),
    reach: 1.35,
    things: [{ solid: shaped(jug, vec(1.45, 1.06, 1.35), 1.34), matter: stoneware }],
  },
  {
    centre: vec(1.35, 3.1, 1.35),
    reach: 2.4,
    things: [
      ...branch(LIP, vec(-0.25, 1, -0.12), vec(-0.55, -0.25, -0.2), 2.7, 11),
      ...branch(LIP, vec(0.12, 1, 0.1), vec(0.35, -0.1, 0.1), 2.5, 12),
      ...branch(LIP, vec(0.35, 1, -0.22), vec(0.75, -0.55, -0.3), 2.1, 17),
      ...branch(LIP, vec(-0.1, 1, 0.2), vec(-0.12, 0.1, 0.1), 2.2, 14),
    ],
  },
  {
    centre: vec(-0.4, 0.05, -1.3),
    reach: 1.1,
    things: [
      {
        solid: ellipsoid(vec(-0.75, 0.03, -1.15), vec(0.3, 0.012, 0.22), vec(1, 0.03, -0.5), vec(0.08, 1, 0.05)),
        matter: leafGreen,
      },
      {
        solid: ellipsoid(vec(-0.1, 0.025, -1.5), vec(0.25, 0.012, 0.18), vec(0.6, 0, 0.8), vec(-0.06, 1, 0.03)),
        matter: leafGreen,
      },
    ],
  },
];

/** Wooden boards along x, with their grain. */
function table(p: Vec): Matter {
  const board = Math.floor(p.z / 1.15 + 7.3);
  const z = p.z / 1.15 + 7.3 - board;
  const warp = fbm2(p.x * 0.35 + board * 9, p.z * 1.4, 4);
  const rings = 0.5 + 0.5 * Math.sin((p.z * 2.2 + warp * 3.4 + cell(board, 3)) * 7);
  const pores = smoothstep(0.25, 0.75, fbm2(p.x * 2.2, p.z * 46, 3) + 0.35);
  const tone = mix(
    vec(0.16, 0.085, 0.045),
    vec(0.34, 0.2, 0.11),
    0.25 + 0.45 * rings + 0.35 * warp + 0.12 * cell(board, 5),
  );
  const gap = smoothstep(0.012, 0.004, Math.min(z, 1 - z));
  return { albedo: scale(tone, (0.78 + 0.3 * pores) * (1 - 0.75 * gap)), shine: 0.035, rough: 0.16 + 0.12 * rings };
}

function wall(p: Vec): Matter {
  const trowel = fbm2(p.x * 0.7 + 3, p.y * 0.9, 6);
  return { albedo: scale(vec(0.42, 0.4, 0.36), 0.9 + 0.32 * trowel), shine: 0.01, rough: 0.7, bump: 0.05 };
}

interface Hit {
  readonly t: number;
  readonly n: Vec;
  readonly matter: (p: Vec, n: Vec) => Matter;
}

function meet(ray: Ray, furthest = 40): Hit | undefined {
  let best: Hit | undefined;
  let most = furthest;
  const { from, d } = ray;
  for (const { centre, reach, things } of groups) {
    const o = sub(from, centre);
    const b = dot(o, d);
    if (b * b - dot(o, o) + reach * reach < 0 || -b + reach < 0 || -b - reach > most) continue;
    for (const { solid, matter } of things) {
      const met = solid(ray, most);
      if (met) [best, most] = [{ ...met, matter }, met.t];
    }
  }
  if (d.y < 0 && -from.y / d.y < most && -from.y / d.y > NEAR) {
    [best, most] = [{ t: -from.y / d.y, n: vec(0, 1, 0), matter: table }, -from.y / d.y];
  }
  const back = (WALL - from.z) / d.z;
  if (d.z > 0 && back < most && back > NEAR) best = { t: back, n: vec(0, 0, -1), matter: wall };
  return best;
}

/** Light of the window in a direction, with dark bars; black outside of the window. */
function windowLight({ from, d }: Ray): Vec | undefined {
  if (d.x >= 0) return undefined;
  const t = (WINDOW.x - from.x) / d.x;
  const [y, z] = [from.y + d.y * t, from.z + d.z * t];
  if (t <= 0 || y < WINDOW.low || y > WINDOW.high || z < WINDOW.near || z > WINDOW.far) return undefined;
  return isBar(y, z) ? vec(0.02, 0.02, 0.02) : DAYLIGHT;
}

function isBar(y: number, z: number): boolean {
  const v = ((y - WINDOW.low) / (WINDOW.high - WINDOW.low)) * 3;
  const u = ((z - WINDOW.near) / (WINDOW.far - WINDOW.near)) * 2;
  const edge = (x: number): number => Math.min(x - Math.floor(x), Math.ceil(x) - x);
  return edge(v) < 0.035 || edge(u) < 0.035;
}

/** Direct light of the window at a surface point, from one sampled point of the window. */
function lightFromWindow(p: Vec, n: Vec, random: () => number): Vec {
  const y = WINDOW.low + random() * (WINDOW.high - WINDOW.low);
  const z = WINDOW.near + random() * (WINDOW.far - WINDOW.near);
  if (isBar(y, z)) return vec(0, 0, 0);
  const way = sub(vec(WINDOW.x, y, z), p);
  const far2 = dot(way, way);
  const far = Math.sqrt(far2);
  const d = scale(way, 1 / far);
  const cosine = dot(d, n);
  if (cosine <= 0 || meet({ from: p, d }, far - 0.01)) return vec(0, 0, 0);
  const area = (WINDOW.high - WINDOW.low) * (WINDOW.far - WINDOW.near);
  return scale(DAYLIGHT, (cosine * -d.x * area) / (far2 * Math.PI));
}

/** A uniformly distributed direction. */
function onBall(random: () => number): Vec {
  const z = 2 * random() - 1;
  const r = Math.sqrt(1 - z * z);
  const angle = 2 * Math.PI * random();
  return vec(r * Math.cos(angle), r * Math.sin(angle), z);
}

function follow(start: Ray, random: () => number): Vec {
  let ray = start;
  let light = vec(0, 0, 0);
  let through = vec(1, 1, 1);
  let mirrored = true;
  for (let bounce = 0; bounce < 5; bounce++) {
    const shown = mirrored ? windowLight(ray) : undefined;
    const hit = meet(ray);
    if (!hit) return add(light, mul(through, shown ?? ROOM));
    const p = along(ray.from, ray.d, hit.t);
    if (shown && p.x > WINDOW.x && (WINDOW.x - ray.from.x) / ray.d.x < hit.t) return add(light, mul(through, shown));
    const { albedo, shine, rough, bump = 0 } = hit.matter(p, hit.n);
    let n = dot(hit.n, ray.d) > 0 ? scale(hit.n, -1) : hit.n;
    if (bump > 0) {
      const s = 15;
      const at = (a: number): number => noise3(p.x * s + a, p.y * s, p.z * s);
      n = normalize(add(n, scale(vec(at(0), at(9.7), at(31.3)), bump)));
    }
    const from = along(p, hit.n, dot(hit.n, ray.d) > 0 ? -2 * NEAR : 2 * NEAR);
    const mirror = shine + (1 - shine) * 0.7 * (1 - clamp(-dot(n, ray.d))) ** 5;
    // Specular reflection is sampled more often than its share, with a matching weight, and not at all after a diffuse bounce.
    const chance: number = mirrored ? Math.max(mirror, 0.3) : 0;
    mirrored = random() < chance;
    through = scale(through, mirrored ? mirror / chance : (1 - mirror) / (1 - chance));
    if (mirrored) {
      const d = normalize(add(reflect(ray.d, n), scale(onBall(random), rough)));
      if (dot(d, hit.n) * dot(n, hit.n) <= 0) return light;
      ray = { from, d };
      continue;
    }
    through = mul(through, albedo);
    light = add(light, mul(through, lightFromWindow(from, n, random)));
    ray = { from, d: normalize(add(scale(n, 1.0001), onBall(random))) };
  }
  return light;
}

export const stillLife: Scene = {
  width: 1536,
  height: 1536,
  samples: 32,
  exposure: 1.15,
  radiance: (sample, random) => {
    const d = camera.direction(sample);
    const focus = along(EYE, d, FOCUS / dot(d, camera.forward));
    const angle = 2 * Math.PI * random();
    const r = LENS * Math.sqrt(random());
    const from = along(along(EYE, camera.right, r * Math.cos(angle)), camera.up, r * Math.sin(angle));
    return follow({ from, d: normalize(sub(focus, from)) }, random);
  },
};
