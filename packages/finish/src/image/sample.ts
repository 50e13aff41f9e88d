import { createFlow, createPlane } from './plane.ts';
import type { Flow, Plane } from './plane.ts';

/** A plane at the places that a motion field (times `factor`) points to, bilinear; the border pixels are repeated. */
export function warpPlane(source: Plane, flow: Flow, factor = 1): Plane {
  const { width, height } = flow;
  const target = createPlane(width, height);
  warpInto(source.data, source.width, source.height, flow, factor, target.data);
  return target;
}

/** A motion field at the places that another one (times `factor`) points to: `field(x + factor · flow(x))`. */
export function warpFlow(field: Flow, flow: Flow, factor = 1): Flow {
  const target = createFlow(flow.width, flow.height);
  warpInto(field.u, field.width, field.height, flow, factor, target.u);
  warpInto(field.v, field.width, field.height, flow, factor, target.v);
  return target;
}

function warpInto(
  source: Float32Array,
  sourceWidth: number,
  sourceHeight: number,
  { width, height, u, v }: Flow,
  factor: number,
  target: Float32Array,
): void {
  const [right, bottom] = [sourceWidth - 1, sourceHeight - 1];
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const px = Math.min(Math.max(x + factor * u[i]!, 0), right);
      const py = Math.min(Math.max(y + factor * v[i]!, 0), bottom);
      const left = Math.min(px | 0, right - 1);
      const top = Math.min(py | 0, bottom - 1);
      const wx = px - left;
      const at = top * sourceWidth + left;
      const a = source[at]!;
      const c = source[at + sourceWidth]!;
      const upper = a + wx * (source[at + 1]! - a);
      const lower = c + wx * (source[at + sourceWidth + 1]! - c);
      target[i] = upper + (py - top) * (lower - upper);
    }
  }
}
