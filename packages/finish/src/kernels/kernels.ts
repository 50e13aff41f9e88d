import { KERNELS_WASM } from './kernels.wasm.ts';

/** Loops over rows of values, four at once. Places are byte offsets in the memory of {@link Kernels}; see `kernels.wat`. */
export interface KernelFunctions {
  /** Writes, or adds, the weighted sum of three rows of `count` values. A place can be given twice. */
  readonly blend: (
    ...args: [
      target: number,
      count: number,
      adds: 0 | 1,
      ...a: [place: number, weight: number],
      ...b: [place: number, weight: number],
      ...c: [place: number, weight: number],
    ]
  ) => void;
  /** Gives a row of RGB another width: each pixel is a weighted sum of `count` neighbours. */
  readonly widen: (
    ...args: [target: number, width: number, source: number, count: number, starts: number, weights: number]
  ) => void;
  /** Adds the photo's detail to a row of RGB, where the motion leads to it and as far as it is trusted. */
  readonly addDetail: (
    ...args: [
      ...[row: number, width: number, y: number, u: number, v: number, trust: number],
      ...[places: number, trustPlaces: number, stride: number, lastX: number, lastY: number],
      ...[unit: number, leastTrust: number],
    ]
  ) => void;
  /** Rounds `count` values to bytes. */
  readonly toBytes: (target: number, source: number, count: number) => void;
  /** A symmetric convolution of `count` values with their neighbours, `step` bytes apart. */
  readonly convolve: (
    ...args: [target: number, count: number, source: number, step: number, weights: number, radius: number]
  ) => void;
  /** One step of successive over-relaxation for every second pixel of a row. */
  readonly relax: (
    ...args: [u: number, count: number, stride: number, plane: number, parity: number, factor: number]
  ) => void;
  /** Computes the data terms of a row of the linear system. */
  readonly dataTerms: (
    ...args: [
      ...[term: number, termPlane: number, u: number, count: number, stride: number, plane: number],
      ...[delta: number, gamma: number, zeta: number, epsilon: number],
    ]
  ) => void;
}

/** Reserves memory for {@link openKernels}. */
export interface Layout {
  /** @returns the place of so many values of 32 bits. A kernel may read and write a few values beyond them. */
  reserve(values: number): number;
  /** The bytes that have been reserved. */
  readonly size: number;
  /** The bytes behind each reserved place that kernels may read, too. */
  readonly slacks: readonly (readonly [from: number, to: number])[];
}

/** Kernels, and the memory that they work on. */
export interface Kernels extends KernelFunctions {
  readonly floats: Float32Array;
  readonly integers: Int32Array;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

const PAGE = 65_536;
/** Kernels compute up to 16 values at once, so that the last ones may lie behind the end of a row. */
const SLACK = 16;

export function createLayout(): Layout {
  let size = 0;
  const slacks: [from: number, to: number][] = [];
  return {
    slacks,
    reserve(values) {
      const place = size;
      size += 4 * (4 * Math.ceil(values / 4) + SLACK);
      slacks.push([place + 4 * values, size]);
      return place;
    },
    get size() {
      return size;
    },
  };
}

const compiled = new WebAssembly.Module(new Uint8Array(Buffer.from(KERNELS_WASM, 'base64')));
const memory = new WebAssembly.Memory({ initial: 1 });
const noDetail = sharedMemory(0);
const instances = new WeakMap<WebAssembly.Memory, KernelFunctions>();

/**
 * The kernels with memory for a layout. All of a thread share one memory, so its values are those of the latest opened layout.
 * @param detail what `addDetail` reads.
 */
export function openKernels({ size, slacks }: Layout, detail: WebAssembly.Memory = noDetail): Kernels {
  const missing = Math.ceil(size / PAGE) - memory.buffer.byteLength / PAGE;
  if (missing > 0) memory.grow(missing);
  let kernels = instances.get(detail);
  if (!kernels) {
    kernels = new WebAssembly.Instance(compiled, { memory: { own: memory, detail } }).exports as KernelFunctions;
    instances.set(detail, kernels);
  }
  const buffer = memory.buffer as ArrayBuffer;
  const { blend, widen, addDetail, toBytes, convolve, relax, dataTerms } = kernels;
  const bytes = new Uint8Array(buffer);
  // What an earlier layout left there may be NaN, which a weight of 0 does not remove.
  for (const [from, to] of slacks) bytes.fill(0, from, to);
  return {
    ...{ blend, widen, addDetail, toBytes, convolve, relax, dataTerms },
    floats: new Float32Array(buffer),
    integers: new Int32Array(buffer),
    bytes,
  };
}

/** Memory for `addDetail`, which the threads share. */
export function sharedMemory(bytes: number): WebAssembly.Memory {
  const pages = Math.ceil((bytes + 4 * SLACK) / PAGE);
  return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
}
