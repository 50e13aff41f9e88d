import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import type { KV } from '@nats-io/kv';
import { QuotaRecordSchema } from '../domain/messages.ts';
import type { QuotaStore } from '../domain/ports/quotas.ts';
import { isRevisionConflict, withTranslatedErrors } from './errors.ts';
import { quotaKey } from './names.ts';

/** Quotas as values of the records' bucket, under keys `q.<owner>`. */
export const createQuotaStore = (bucket: KV): QuotaStore => ({
  async get(owner) {
    const entry = await withTranslatedErrors('reading a quota', () => bucket.get(quotaKey(owner)));
    const revision = entry?.revision ?? 0;
    if (entry?.operation !== 'PUT') return { quota: create(QuotaRecordSchema), revision };
    return { quota: fromBinary(QuotaRecordSchema, entry.value), revision };
  },
  async replace(owner, quota, previousSeq) {
    const value = toBinary(QuotaRecordSchema, quota);
    try {
      return await withTranslatedErrors('writing a quota', () => bucket.put(quotaKey(owner), value, { previousSeq }));
    } catch (error) {
      if (isRevisionConflict(error)) return null;
      throw error;
    }
  },
  async owners() {
    const owners: string[] = [];
    const keys = await withTranslatedErrors('listing quotas', () => bucket.keys('q.*'));
    for await (const key of keys) owners.push(key.slice(key.indexOf('.') + 1));
    return owners;
  },
  async remove(owner, previousSeq) {
    try {
      await withTranslatedErrors('removing a quota', () => bucket.purge(quotaKey(owner), { previousSeq }));
      return true;
    } catch (error) {
      if (isRevisionConflict(error)) return false;
      throw error;
    }
  },
});
