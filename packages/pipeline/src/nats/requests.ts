import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import type { KV } from '@nats-io/kv';
import { createHash } from 'node:crypto';
import { RequestRecordSchema } from '../domain/messages.ts';
import type { RequestRecord } from '../domain/messages.ts';
import { RequestConflictError } from '../domain/ports/requests.ts';
import type { Requests } from '../domain/ports/requests.ts';
import { requestKey } from './names.ts';
import { isRevisionConflict, withTranslatedErrors } from './errors.ts';
import { toMilliseconds, timestampNow } from '../domain/timestamps.ts';

export function openRequests(bucket: KV): Requests {
  async function find(key: string): Promise<RequestRecord | null> {
    const entry = await withTranslatedErrors('reading a request', () => bucket.get(key));
    return entry?.operation === 'PUT' ? fromBinary(RequestRecordSchema, entry.value) : null;
  }

  return {
    async open(owner, requestId, body, videoId) {
      const key = requestKey(owner, requestId);
      const bodySha256 = createHash('sha256').update(body).digest();
      const fresh = create(RequestRecordSchema, { videoId, bodySha256, createTime: timestampNow() });
      let known = await find(key);
      if (!known) {
        try {
          await withTranslatedErrors('keeping a request', () =>
            bucket.create(key, toBinary(RequestRecordSchema, fresh)),
          );
          return fresh;
        } catch (error) {
          if (!isRevisionConflict(error)) throw error;
          known = await find(key);
        }
      }
      if (!known || !bodySha256.equals(known.bodySha256)) {
        throw new RequestConflictError('this request_id was used for another request: use a new one');
      }
      return known;
    },
    async close(owner, requestId) {
      const key = requestKey(owner, requestId);
      const known = await find(key);
      if (!known || known.closed) return;
      known.closed = true;
      await withTranslatedErrors('closing a request', () => bucket.put(key, toBinary(RequestRecordSchema, known)));
    },
    async forget(age) {
      const keys: string[] = [];
      for await (const key of await withTranslatedErrors('listing requests', () => bucket.keys('r.>'))) keys.push(key);
      let forgotten = 0;
      for (const key of keys) {
        const known = await find(key);
        if (!known || Date.now() - toMilliseconds(known.createTime) < age) continue;
        await withTranslatedErrors('forgetting a request', () => bucket.purge(key));
        forgotten++;
      }
      return forgotten;
    },
  };
}
