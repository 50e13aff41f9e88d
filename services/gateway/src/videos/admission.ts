import { OverLimitError } from '@cinematica/pipeline';
import type { Admission, QueueView, Quotas } from '@cinematica/pipeline';
import { createHash } from 'node:crypto';
import type { Caller } from '../callers/authenticate.ts';

export interface AdmissionParts {
  /** Of callers. */
  readonly quotas: Quotas;
  /** Of addresses, for callers without a key: a cookie is easily dropped. */
  readonly addressQuotas: Quotas;
  readonly queue: Pick<QueueView, 'length'>;
  /** Videos that may wait in all. */
  readonly maxQueued: number;
}

/** The limits that a new video of a caller counts against: the caller's, the address's and the system's. */
export function admissionOf(parts: AdmissionParts, { owner, address }: Caller): Admission {
  const { quotas, addressQuotas, queue, maxQueued } = parts;
  const addressOwner = address === null ? null : `address-${digestOf(address)}`;

  function checkQueue(): void {
    if (queue.length >= maxQueued)
      throw new OverLimitError('too many videos are waiting: try again soon', 30, 'system');
  }

  return {
    check() {
      checkQueue();
      quotas.check(owner);
      if (addressOwner !== null) addressQuotas.check(addressOwner);
    },
    async take(videoId) {
      checkQueue();
      await quotas.take(owner, videoId);
      if (addressOwner === null) return;
      try {
        await addressQuotas.take(addressOwner, videoId);
      } catch (error) {
        await quotas.giveBack(owner, videoId);
        throw error;
      }
    },
    async giveBack(videoId) {
      await quotas.giveBack(owner, videoId);
      if (addressOwner !== null) await addressQuotas.giveBack(addressOwner, videoId);
    },
  };
}

const digestOf = (address: string): string => createHash('sha256').update(address).digest('base64url').slice(0, 22);
