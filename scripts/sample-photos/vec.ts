/** A point, a direction, or a colour (red, green, blue). */
export interface Vec {
  readonly x: number;
  readonly y: number;
  readonly z: number;
}

export const vec = (x: number, y: number, z: number): Vec => ({ x, y, z });
export const add = (a: Vec, b: Vec): Vec => vec(a.x + b.x, a.y + b.y, a.z + b.z);
export const sub = (a: Vec, b: Vec): Vec => vec(a.x - b.x, a.y - b.y, a.z - b.z);
export const mul = (a: Vec, b: Vec): Vec => vec(a.x * b.x, a.y * b.y, a.z * b.z);
export const scale = (a: Vec, s: number): Vec => vec(a.x * s, a.y * s, a.z * s);
export const dot = (a: Vec, b: Vec): number => a.x * b.x + a.y * b.y + a.z * b.z;
export const cross = (a: Vec, b: Vec): Vec => vec(a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x);
export const length = (a: Vec): number => Math.sqrt(dot(a, a));
export const normalize = (a: Vec): Vec => scale(a, 1 / length(a));
/** The point at distance `t` from `a` along `d`. */
export const along = (a: Vec, d: Vec, t: number): Vec => vec(a.x + d.x * t, a.y + d.y * t, a.z + d.z * t);
export const mix = (a: Vec, b: Vec, t: number): Vec =>
  vec(a.x + (b.x - a.x) * t, a.y + (b.y - a.y) * t, a.z + (b.z - a.z) * t);
export const reflect = (d: Vec, n: Vec): Vec => along(d, n, -2 * dot(d, n));

export const clamp = (x: number, low = 0, high = 1): number => Math.min(high, Math.max(low, x));
/** 0 below `a`, 1 above `b`, smooth in between. */
export function smoothstep(a: number, b: number, x: number): number {
  const t = clamp((x - a) / (b - a));
  return t * t * (3 - 2 * t);
}
