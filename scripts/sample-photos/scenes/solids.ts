import { cross, dot, normalize, scale, sub, vec } from '../vec.ts';
import type { Vec } from '../vec.ts';

/** A ray: its origin, and its direction of unit length. */
export interface Ray {
  readonly from: Vec;
  readonly d: Vec;
}

/** Where a ray hits a surface: the distance along the ray, and the surface normal of unit length. */
export interface Meeting {
  readonly t: number;
  readonly n: Vec;
}

export type Solid = (ray: Ray, most: number) => Meeting | undefined;

/** Offset of a new ray from the surface that it leaves. */
export const NEAR = 1e-3;

/** @param axis direction of the local x axis, of any length; the local y axis is as close to vertical as possible */
export function ellipsoid(centre: Vec, radii: Vec, axis: Vec = vec(1, 0, 0), upright: Vec = vec(0, 1, 0)): Solid {
  const x = normalize(axis);
  const z = normalize(cross(x, upright));
  const y = cross(z, x);
  const local = (v: Vec): Vec => vec(dot(v, x) / radii.x, dot(v, y) / radii.y, dot(v, z) / radii.z);
  return ({ from, d }, most) => {
    const o = local(sub(from, centre));
    const e = local(d);
    const a = dot(e, e);
    const b = dot(o, e);
    const root = b * b - a * (dot(o, o) - 1);
    if (root < 0) return undefined;
    const s = Math.sqrt(root);
    const t = (-b - s) / a > NEAR ? (-b - s) / a : (-b + s) / a;
    if (t <= NEAR || t >= most) return undefined;
    const [px, py, pz] = [(o.x + e.x * t) / radii.x, (o.y + e.y * t) / radii.y, (o.z + e.z * t) / radii.z];
    return {
      t,
      n: normalize(vec(px * x.x + py * y.x + pz * z.x, px * x.y + py * y.y + pz * z.y, px * x.z + py * y.z + pz * z.z)),
    };
  };
}

export const sphere = (centre: Vec, r: number): Solid => ellipsoid(centre, vec(r, r, r));

/** Hits a distance field; the field is marched only where the ray enters its bounding sphere. */
export function shaped(distance: (p: Vec) => number, centre: Vec, reach: number): Solid {
  return (ray, most) => {
    const o = sub(ray.from, centre);
    const b = dot(o, ray.d);
    const root = b * b - dot(o, o) + reach * reach;
    if (root < 0) return undefined;
    const s = Math.sqrt(root);
    const end = Math.min(most, -b + s);
    let t = Math.max(NEAR * 4, -b - s);
    for (let i = 0; i < 110 && t < end; i++) {
      const { from, d } = ray;
      const p = vec(from.x + d.x * t, from.y + d.y * t, from.z + d.z * t);
      const step = distance(p);
      if (step < 4e-4) return { t, n: slopeOf(distance, p) };
      t += step * 0.9;
    }
    return undefined;
  };
}

function slopeOf(distance: (p: Vec) => number, p: Vec): Vec {
  const e = 1e-3;
  const at = (x: number, y: number, z: number): number => distance(vec(p.x + x, p.y + y, p.z + z));
  const n = vec(at(e, 0, 0) - at(-e, 0, 0), at(0, e, 0) - at(0, -e, 0), at(0, 0, e) - at(0, 0, -e) + 1e-9);
  return scale(n, 1 / Math.sqrt(dot(n, n)));
}
