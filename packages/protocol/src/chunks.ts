import { status } from '@grpc/grpc-js';
import { ErrorReason } from './gen/cinematica/v1/error_reason_pb.ts';
import { refuse } from './rpc/reasons.ts';

/** The most bytes of a `Chunk`. */
const CHUNK_BYTES = 1024 * 1024;

/** A `Chunk` of the stages' API, as a message or as what makes one. */
interface Piece {
  readonly index: number;
  readonly offset: bigint;
  readonly data: Uint8Array;
}

/** An item that has come in whole. */
export interface ReadItem {
  readonly index: number;
  readonly data: Uint8Array;
}

/** Puts items together again from their chunks. */
export interface ChunkReader {
  /**
   * Takes the next chunk.
   *
   * @returns the item that it completes; null while one is incomplete
   * @throws RpcError INVALID_ARGUMENT where the chunk is not the one that comes next
   */
  add(chunk: Piece): ReadItem | null;
  /** @throws RpcError INVALID_ARGUMENT where not every item has come in */
  end(): void;
}

/** Cuts a frame or a file into `Chunk`s of at most 1 MiB; they are views of it. */
export function* splitIntoChunks(index: number, data: Uint8Array): Generator<Piece> {
  for (let at = 0; at < data.length; at += CHUNK_BYTES) {
    yield { index, offset: BigInt(at), data: data.subarray(at, at + CHUNK_BYTES) };
  }
}

/**
 * Reads so many items of so many bytes each. It takes memory for one item, and for no more than has been promised.
 *
 * @param items how many there will be
 * @param bytes of each, or by its index
 */
export function createChunkReader(items: number, bytes: number | ((index: number) => number)): ChunkReader {
  const sizeOf = typeof bytes === 'number' ? () => bytes : bytes;
  let index = 0;
  let filled = 0;
  let data: Uint8Array | null = null;
  return {
    add: (chunk) => {
      if (index >= items) throw outOfPlace(`there are ${items} items and this chunk is of another one`);
      const size = sizeOf(index);
      const at = `item ${index}, byte ${filled}`;
      if (chunk.index !== index || chunk.offset !== BigInt(filled)) {
        throw outOfPlace(`the next chunk must be ${at}, not item ${chunk.index}, byte ${chunk.offset}`);
      }
      if (chunk.data.length === 0 || filled + chunk.data.length > size) {
        throw outOfPlace(`the chunk at ${at} has ${chunk.data.length} bytes and the item ${size}`);
      }
      data ??= new Uint8Array(size);
      data.set(chunk.data, filled);
      filled += chunk.data.length;
      if (filled < size) return null;

      const whole = { index, data };
      index++;
      filled = 0;
      data = null;
      return whole;
    },
    end: () => {
      if (index < items) throw outOfPlace(`the stream ends at item ${index}, byte ${filled} of ${items} items`);
    },
  };
}

const outOfPlace = (message: string) =>
  refuse(status.INVALID_ARGUMENT, ErrorReason.INVALID_REQUEST, `Chunks must come in order and whole: ${message}.`);
