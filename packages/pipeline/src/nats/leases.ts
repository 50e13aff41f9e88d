import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import type { NatsConnection } from '@nats-io/transport-node';
import { LeaseSchema } from '../domain/messages.ts';
import type { Leases } from '../domain/ports/leases.ts';
import type { PipelineSettings } from '../domain/settings.ts';
import { toMilliseconds } from '../domain/timestamps.ts';
import { lazyBucket } from './bucket.ts';
import { isRevisionConflict, withTranslatedErrors } from './errors.ts';
import { leaseKey, LEASES_BUCKET } from './names.ts';

/** Leases as keys of a bucket, taken and renewed by compare-and-set. */
export function createLeases(nats: NatsConnection, settings: Pick<PipelineSettings, 'REQUEST_TIMEOUT_MS'>): Leases {
  const open = lazyBucket(nats, LEASES_BUCKET, settings);
  return {
    async take(role, holder, duration) {
      const bucket = await open();
      const key = leaseKey(role);
      const entry = await withTranslatedErrors('reading a lease', () => bucket.get(key));
      const current = entry?.operation === 'PUT' ? fromBinary(LeaseSchema, entry.value) : null;
      if (current && current.holder !== holder && toMilliseconds(current.expireTime) > Date.now()) return false;
      const lease = create(LeaseSchema, { holder, expireTime: timestampFromMs(Date.now() + duration) });
      const value = toBinary(LeaseSchema, lease);
      try {
        const write = () => bucket.put(key, value, { previousSeq: entry?.revision ?? 0 });
        await withTranslatedErrors('taking a lease', write);
        return true;
      } catch (error) {
        if (isRevisionConflict(error)) return false;
        throw error;
      }
    },
  };
}
