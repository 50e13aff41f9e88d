import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import type { JetStreamClient } from '@nats-io/jetstream';
import type { KV } from '@nats-io/kv';
import { QuotaRecordSchema } from '../domain/messages.ts';
import type { QuotaStore } from '../domain/ports/quota-store.ts';
import { isRevisionConflict, withTranslatedErrors } from './errors.ts';
import { quotaKey } from './names.ts';
import { listKeys } from './stored-messages.ts';

export const createQuotaStore = (bucket: KV, client: JetStreamClient): QuotaStore => ({
  async get(owner) {
    const entry = await withTranslatedErrors('reading a quota', () => bucket.get(quotaKey(owner)));
    const revision = entry?.revision ?? 0;
    if (entry?.operation !== 'PUT') return { quota: create(QuotaRecordSchema), revision, exists: false };
    return { quota: fromBinary(QuotaRecordSchema, entry.value), revision, exists: true };
  },
  async put(owner, quota, previousSeq) {
    const value = toBinary(QuotaRecordSchema, quota);
    try {
      const write = () => bucket.put(quotaKey(owner), value, { previousSeq });
      return await withTranslatedErrors('storing a quota', write);
    } catch (error) {
      if (isRevisionConflict(error)) return null;
      throw error;
    }
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
  owners: () =>
    withTranslatedErrors('listing quotas', async () => {
      const keys = await listKeys(client, quotaKeys);
      return [...keys].map((key) => key.slice(key.indexOf('.') + 1));
    }),
});

const quotaKeys = 'q.*';
