import { createPlane } from '../image/plane.ts';
import type { Plane } from '../image/plane.ts';

/** Central differences along x and y, per pixel; the border pixels are repeated. */
export function gradients({ width, height, data }: Plane): { x: Plane; y: Plane } {
  const x = createPlane(width, height);
  const y = createPlane(width, height);
  for (let row = 0, i = 0; row < height; row++) {
    const above = row > 0 ? -width : 0;
    const below = row < height - 1 ? width : 0;
    for (let column = 0; column < width; column++, i++) {
      const left = column > 0 ? i - 1 : i;
      const right = column < width - 1 ? i + 1 : i;
      x.data[i] = 0.5 * (data[right]! - data[left]!);
      y.data[i] = 0.5 * (data[i + below]! - data[i + above]!);
    }
  }
  return { x, y };
}
