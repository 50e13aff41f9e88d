import { createChunkReader, refuseFields } from '@cinematica/protocol';
import type { Chunk } from '@cinematica/protocol/stages';

/** Requests of a stream: a `start` that describes the `chunk`s after it. */
export interface StartedStream<Start> {
  message: { case: 'start'; value: Start } | { case: 'chunk'; value: Chunk } | { case: undefined; value?: undefined };
}

/**
 * Reads the start of a stream.
 * @returns the start, and a function that reads the items that follow, each of the given number of bytes.
 * @throws RpcError INVALID_ARGUMENT when the stream is not a start followed by chunks in order.
 */
export async function readStream<Start>(requests: AsyncIterable<StartedStream<Start>>) {
  const messages = requests[Symbol.asyncIterator]();
  const next = async () => {
    const result: IteratorResult<StartedStream<Start>, unknown> = await messages.next();
    return result.done === true ? null : result.value.message;
  };
  const message = await next();
  if (message?.case !== 'start') throw outOfOrder('the first message must be a start');

  async function* items(count: number, bytes: number): AsyncGenerator<Uint8Array, void, undefined> {
    const reader = createChunkReader(count, bytes);
    for (;;) {
      const piece = await next();
      if (!piece) break;
      if (piece.case !== 'chunk') throw outOfOrder('after the start there must be chunks only');
      const item = reader.add(piece.value);
      if (item) yield item.data;
    }
    reader.end();
  }
  return { start: message.value, items };
}

const outOfOrder = (description: string) => refuseFields([{ field: 'message', description }]);
