import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import type { KV } from '@nats-io/kv';
import { createHash } from 'node:crypto';
import { RequestRecordSchema } from '../messages.ts';
import type { RequestRecord } from '../messages.ts';
import { requestKey } from '../names.ts';
import { lostRace, reaching } from '../unavailable.ts';
import { milliseconds, timestampNow } from './time.ts';

/** The same request id came with another body. */
export class RequestConflictError extends Error {
  override readonly name = 'RequestConflictError';
}

/** Which video a request made: the same one again makes no other. */
export interface Requests {
  /**
   * The request as it was first made, or null where it is new.
   * @throws RequestConflictError
   */
  find(owner: string, requestId: string, body: Uint8Array): Promise<RequestRecord | null>;
  /**
   * @param body the whole request, in a form that is the same each time.
   * @param videoId of the video that is to be made where the request is new.
   * @returns the request as it was first made.
   * @throws RequestConflictError
   */
  open(owner: string, requestId: string, body: Uint8Array, videoId: string): Promise<RequestRecord>;
  /** Its video is gone for good. */
  close(owner: string, requestId: string): Promise<void>;
  /** Forgets requests older than `age` milliseconds. */
  forget(age: number): Promise<number>;
}

export function openRequests(bucket: KV): Requests {
  async function read(key: string): Promise<RequestRecord | null> {
    const entry = await reaching('reading a request', () => bucket.get(key));
    return entry?.operation === 'PUT' ? fromBinary(RequestRecordSchema, entry.value) : null;
  }

  async function find(owner: string, requestId: string, body: Uint8Array): Promise<RequestRecord | null> {
    const known = await read(requestKey(owner, requestId));
    if (known && !digestOf(body).equals(known.bodySha256)) throw conflict();
    return known;
  }

  return {
    find,
    async open(owner, requestId, body, videoId) {
      const known = await find(owner, requestId, body);
      if (known) return known;
      const key = requestKey(owner, requestId);
      const fresh = create(RequestRecordSchema, { videoId, bodySha256: digestOf(body), createTime: timestampNow() });
      try {
        await reaching('keeping a request', () => bucket.create(key, toBinary(RequestRecordSchema, fresh)));
        return fresh;
      } catch (error) {
        if (!lostRace(error)) throw error;
        const first = await find(owner, requestId, body);
        if (!first) throw conflict();
        return first;
      }
    },
    async close(owner, requestId) {
      const key = requestKey(owner, requestId);
      const known = await read(key);
      if (!known || known.closed) return;
      known.closed = true;
      await reaching('closing a request', () => bucket.put(key, toBinary(RequestRecordSchema, known)));
    },
    async forget(age) {
      const keys: string[] = [];
      for await (const key of await reaching('listing requests', () => bucket.keys('r.>'))) keys.push(key);
      let forgotten = 0;
      for (const key of keys) {
        const known = await read(key);
        if (!known || Date.now() - milliseconds(known.createTime) < age) continue;
        await reaching('forgetting a request', () => bucket.purge(key));
        forgotten++;
      }
      return forgotten;
    },
  };
}

const digestOf = (body: Uint8Array): Buffer => createHash('sha256').update(body).digest();

const conflict = () => new RequestConflictError('this request_id was used for another request: use a new one');
