import { refuseFields } from './rpc/reasons.ts';

/** The maximum size of a `Chunk`, in bytes. */
const CHUNK_BYTES = 1024 * 1024;

/** A `Chunk` of the stages' API, as a message or as its initial value. */
interface ChunkInit {
  readonly index: number;
  readonly offset: bigint;
  readonly data: Uint8Array;
}

/** A complete item. */
export interface ReadItem {
  readonly index: number;
  readonly data: Uint8Array;
}

/** Reassembles items from their chunks. */
export interface ChunkReader {
  /**
   * Adds the next chunk.
   *
   * @returns the item that it completes, or null if the item is still incomplete
   * @throws RpcError INVALID_ARGUMENT when it is not the expected chunk
   */
  add(chunk: ChunkInit): ReadItem | null;
  /** Checks that all items are complete. @throws RpcError INVALID_ARGUMENT when one is missing */
  end(): void;
}

/** Splits a frame or a file into `Chunk`s of at most 1 MiB, which are views of the data. */
export function* splitIntoChunks(index: number, data: Uint8Array): Generator<ChunkInit> {
  for (let at = 0; at < data.length; at += CHUNK_BYTES) {
    yield { index, offset: BigInt(at), data: data.subarray(at, at + CHUNK_BYTES) };
  }
}

/**
 * Creates a reader for a known number of items of known sizes. It allocates memory for one item at a time, and never more
 * than its size.
 *
 * @param items number of items
 * @param bytes size of each item in bytes, or a function that returns it by the index of the item
 */
export function createChunkReader(items: number, bytes: number | ((index: number) => number)): ChunkReader {
  const sizeOf = typeof bytes === 'number' ? () => bytes : bytes;
  let index = 0;
  let filled = 0;
  let data: Uint8Array | null = null;
  return {
    add: (chunk) => {
      if (index >= items) throw invalidChunk(`there are only ${items} items, but there is another chunk`);
      const size = sizeOf(index);
      const at = `item ${index}, byte ${filled}`;
      if (chunk.index !== index || chunk.offset !== BigInt(filled)) {
        throw invalidChunk(`the next chunk must be ${at}, not item ${chunk.index}, byte ${chunk.offset}`);
      }
      if (chunk.data.length === 0 || filled + chunk.data.length > size) {
        throw invalidChunk(`the chunk at ${at} has ${chunk.data.length} bytes, and the item has ${size}`);
      }
      data ??= new Uint8Array(size);
      data.set(chunk.data, filled);
      filled += chunk.data.length;
      if (filled < size) return null;

      const item = { index, data };
      index++;
      filled = 0;
      data = null;
      return item;
    },
    end: () => {
      if (index < items) throw invalidChunk(`the stream ends at item ${index}, byte ${filled} of ${items} items`);
    },
  };
}

const invalidChunk = (problem: string) =>
  refuseFields([{ field: 'chunk', description: `chunks must be complete and in order: ${problem}` }]);
