import { clone, create } from '@bufbuild/protobuf';
import { createHash } from 'node:crypto';
import { QuotaRecordSchema, RequestRecordSchema } from '../../domain/messages.ts';
import type { QuotaRecord, RequestRecord } from '../../domain/messages.ts';
import type { QuotaStore } from '../../domain/ports/quota-store.ts';
import { RequestConflictError } from '../../domain/ports/requests.ts';
import type { Requests } from '../../domain/ports/requests.ts';
import { timestampNow, toMilliseconds } from '../../domain/timestamps.ts';

/** Requests in memory, for tests without NATS. */
export function createMemoryRequests(): Requests {
  const stored = new Map<string, RequestRecord>();
  const digestOf = (body: Uint8Array): Uint8Array => createHash('sha256').update(body).digest();

  function find(owner: string, requestId: string, body: Uint8Array): RequestRecord | null {
    const known = stored.get(`${owner}/${requestId}`);
    if (known && Buffer.compare(digestOf(body), known.bodySha256) !== 0) {
      throw new RequestConflictError('this request_id was used for another request');
    }
    return known ? clone(RequestRecordSchema, known) : null;
  }

  return {
    find: (owner, requestId, body) => Promise.resolve().then(() => find(owner, requestId, body)),
    open: (owner, requestId, body, videoId) =>
      Promise.resolve().then(() => {
        const known = find(owner, requestId, body);
        if (known) return known;
        const fresh = { videoId, bodySha256: new Uint8Array(digestOf(body)), createTime: timestampNow() };
        const request = create(RequestRecordSchema, fresh);
        stored.set(`${owner}/${requestId}`, request);
        return clone(RequestRecordSchema, request);
      }),
    close(owner, requestId) {
      const known = stored.get(`${owner}/${requestId}`);
      if (known) known.closed = true;
      return Promise.resolve();
    },
    forget(age) {
      const old = [...stored].filter(([, { createTime }]) => Date.now() - toMilliseconds(createTime) >= age);
      for (const [key] of old) stored.delete(key);
      return Promise.resolve(old.length);
    },
  };
}

/** Quotas in memory, for tests without NATS. */
export function createMemoryQuotaStore(): QuotaStore {
  const stored = new Map<string, { readonly quota: QuotaRecord; readonly revision: number }>();
  let lastRevision = 0;
  const revisionOf = (owner: string): number => stored.get(owner)?.revision ?? 0;
  return {
    get(owner) {
      const known = stored.get(owner);
      const quota = known ? clone(QuotaRecordSchema, known.quota) : create(QuotaRecordSchema);
      return Promise.resolve({ quota, revision: revisionOf(owner), exists: known !== undefined });
    },
    put(owner, quota, revision) {
      if (revision !== revisionOf(owner)) return Promise.resolve(null);
      stored.set(owner, { quota: clone(QuotaRecordSchema, quota), revision: ++lastRevision });
      return Promise.resolve(lastRevision);
    },
    remove(owner, revision) {
      if (revision !== revisionOf(owner)) return Promise.resolve(false);
      return Promise.resolve(stored.delete(owner));
    },
    owners: () => Promise.resolve([...stored.keys()]),
  };
}
