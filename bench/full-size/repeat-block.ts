/** Yields bytes `[at, at + length)` of an endlessly repeated block, in pieces of the block. `at` is within the block. */
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
