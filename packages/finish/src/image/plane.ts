/** One channel of a picture, or one component of a motion field: `width · height` values, row by row. */
export interface Plane {
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;
}

/** A dense motion field in pixels: the pixel (x, y) of one picture shows what (x + u, y + v) of the other one shows. */
export interface Flow {
  readonly width: number;
  readonly height: number;
  readonly u: Float32Array;
  readonly v: Float32Array;
}

export function createPlane(width: number, height: number): Plane {
  return { width, height, data: new Float32Array(width * height) };
}

/** A motion field of zeros. */
export function createFlow(width: number, height: number): Flow {
  return { width, height, u: new Float32Array(width * height), v: new Float32Array(width * height) };
}

/** BT.601 luma of interleaved RGB from 0 to 255. */
export function lumaOf(rgb: Uint8Array | Float32Array, width: number, height: number): Plane {
  const luma = createPlane(width, height);
  const { data } = luma;
  for (let i = 0, j = 0; i < data.length; i++, j += 3) {
    data[i] = 0.299 * rgb[j]! + 0.587 * rgb[j + 1]! + 0.114 * rgb[j + 2]!;
  }
  return luma;
}
