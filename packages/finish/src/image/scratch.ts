/**
 * Memory for intermediate results, kept from call to call: pictures are large, and new ones for each frame grow the
 * process faster than the garbage collector shrinks it. Its values are those of the last use.
 */
export interface Scratch {
  floats(length: number): Float32Array<ArrayBuffer>;
}

/** @returns memory for one place in the code, which has no more than one use of it at a time. */
export function createScratch(): Scratch {
  let memory = new Float32Array(0);
  return {
    floats(length) {
      if (memory.length < length) memory = new Float32Array(length);
      return memory.length === length ? memory : memory.subarray(0, length);
    },
  };
}
