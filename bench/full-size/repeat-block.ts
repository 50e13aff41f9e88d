/** Bytes `[at, at + length)` of a block repeated without end, a run of the block at a time; `at` lies in the block. */
export function* repeatBlock(block: Uint8Array, at: number, length: number): Generator<Uint8Array, void> {
  let from = at;
  let left = length;
  while (left > 0) {
    const chunk = block.subarray(from, Math.min(from + left, block.length));
    yield chunk;
    left -= chunk.length;
    from = 0;
  }
}
