import { fbm2, fbm3 } from '../noise.ts';
import { add, clamp, dot, mix, scale, smoothstep, vec } from '../vec.ts';
import type { Vec } from '../vec.ts';

/** The look of the sky: sun, colours and clouds. */
export interface SkyLook {
  /** Direction to the sun, unit length. */
  readonly sun: Vec;
  readonly sunColour: Vec;
  readonly zenith: Vec;
  readonly horizon: Vec;
  /** Colour around the sun, near the horizon. */
  readonly glow: Vec;
  readonly cloudLight: Vec;
  readonly cloudShade: Vec;
  /** Height of the cloud layer above the eye, and its thickness below, in metres. */
  readonly cloudBase: number;
  readonly cloudDepth: number;
  /** Approximate distance between clouds, in metres. */
  readonly cloudSize: number;
  /** Cloud cover: −1 for a clear sky, 1 for an overcast one. */
  readonly cover: number;
  /** Offset into the cloud noise, in metres. */
  readonly drift: { readonly x: number; readonly z: number };
}

/** Light of the sky without clouds. */
export function clearSky({ sun, zenith, horizon, glow, sunColour }: SkyLook, d: Vec): Vec {
  const up = clamp(d.y);
  const base = mix(horizon, zenith, 1 - Math.exp(-up * 4.5));
  const towards = clamp(dot(d, sun));
  const warm = scale(glow, 0.55 * towards ** 5 * Math.exp(-up * 5) + 0.5 * towards ** 40 * Math.exp(-up * 2));
  const disc = scale(sunColour, 6 * smoothstep(0.99985, 0.99995, dot(d, sun)));
  return add(add(base, warm), disc);
}

/** Light of the sky in a direction, clouds included. */
export function skyLight(look: SkyLook, d: Vec, random: () => number): Vec {
  const clear = clearSky(look, d);
  if (d.y < 0.015) return clear;
  const { sun, cloudBase, cloudDepth } = look;
  const steps = 28;
  const start = cloudBase / d.y;
  const stride = cloudDepth / d.y / steps;
  const towards = clamp(dot(d, sun));
  let through = 1;
  let colour = vec(0, 0, 0);
  for (let i = 0; i < steps && through > 0.02; i++) {
    const t = start + (i + random()) * stride;
    const [x, y, z] = [d.x * t, (i + 0.5) / steps, d.z * t];
    const density = cloudDensity(look, x, y, z);
    if (density <= 0) continue;
    // The density towards the sun decides how bright this part of the cloud is.
    let depth = 0;
    for (const reach of [0.25, 0.7]) {
      const s = (reach * cloudDepth) / Math.max(0.25, sun.y + 0.2);
      depth += clamp(cloudDensity(look, x + sun.x * s, y + reach * 0.6, z + sun.z * s));
    }
    const lit = Math.exp(-1.5 * depth) * (0.75 + 0.9 * towards ** 6);
    const bit = mix(look.cloudShade, look.cloudLight, clamp(lit * (0.55 + 0.45 * y)));
    const absorbed = 1 - Math.exp(-density * 9 * (1 / steps) * 3.2);
    colour = add(colour, scale(bit, through * absorbed));
    through *= 1 - absorbed;
  }
  // Distant clouds fade into the haze.
  const haze = Math.exp(-start / (cloudBase * 13));
  return mix(clear, add(colour, scale(clear, through)), haze * smoothstep(0.015, 0.05, d.y));
}

/** Cloud density. @param y height in the layer: 0 at its base, 1 at its top */
function cloudDensity({ cloudSize, cover, drift }: SkyLook, x: number, y: number, z: number): number {
  const u = (x + drift.x) / cloudSize;
  const v = (z + drift.z) / cloudSize;
  const shape = fbm2(u, v, 5) + 0.5 * fbm2(u * 0.31 + 8, v * 0.31, 2) + cover;
  // Clouds have a flat base and a heaped top.
  const rise = shape - 0.95 * y * y - smoothstep(0.12, 0, y) * 0.35;
  if (rise < -0.32) return 0;
  return clamp((rise + 0.5 * fbm3(u * 6, y * 3, v * 6, 5)) * 3.4);
}
