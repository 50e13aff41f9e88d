import type { Flow, Plane } from './plane.ts';

/** Memory that the threads share: what one of them has written is handed to another one without a copy. */
export function sharedFloats(source: Float32Array): Float32Array {
  const shared = new Float32Array(new SharedArrayBuffer(source.byteLength));
  shared.set(source);
  return shared;
}

export const sharePlane = ({ width, height, data }: Plane): Plane => ({ width, height, data: sharedFloats(data) });

export const shareFlow = ({ width, height, u, v }: Flow): Flow => ({
  width,
  height,
  u: sharedFloats(u),
  v: sharedFloats(v),
});
