import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import type { JetStreamClient } from '@nats-io/jetstream';
import type { KV } from '@nats-io/kv';
import { createHash } from 'node:crypto';
import { RequestRecordSchema } from '../domain/messages.ts';
import type { RequestRecord } from '../domain/messages.ts';
import { RequestConflictError } from '../domain/ports/requests.ts';
import type { Requests } from '../domain/ports/requests.ts';
import { timestampNow, toMilliseconds } from '../domain/timestamps.ts';
import { isRevisionConflict, withTranslatedErrors } from './errors.ts';
import { requestKey } from './names.ts';
import { listKeys } from './stored-messages.ts';

export function createRequests(bucket: KV, client: JetStreamClient): Requests {
  async function read(key: string): Promise<RequestRecord | null> {
    const entry = await withTranslatedErrors('reading a request', () => bucket.get(key));
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
        const write = () => bucket.create(key, toBinary(RequestRecordSchema, fresh));
        await withTranslatedErrors('storing a request', write);
        return fresh;
      } catch (error) {
        if (!isRevisionConflict(error)) throw error;
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
      await withTranslatedErrors('closing a request', () => bucket.put(key, toBinary(RequestRecordSchema, known)));
    },
    async forget(age) {
      const keys = await withTranslatedErrors('listing requests', () => listKeys(client, 'r.>'));
      let forgotten = 0;
      for (const key of keys) {
        const known = await read(key);
        if (!known || Date.now() - toMilliseconds(known.createTime) < age) continue;
        await withTranslatedErrors('removing a request', () => bucket.purge(key));
        forgotten++;
      }
      return forgotten;
    },
  };
}

const digestOf = (body: Uint8Array): Buffer => createHash('sha256').update(body).digest();

const conflict = () => new RequestConflictError('this request_id was used for another request: use a new one');
