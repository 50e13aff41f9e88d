import { OverLimitError } from '@cinematica/pipeline';
import type { Admission, QueueView, Quotas } from '@cinematica/pipeline';
import { createHash } from 'node:crypto';
import type { Caller } from '../callers/authenticate.ts';

/** The limits of new videos. Every part is required. */
export interface AdmissionParts {
  /** The quotas of callers. */
  readonly quotas: Quotas;
  /** The quotas of client addresses, which also apply to callers without a key, because a browser can drop its cookie. */
  readonly addressQuotas: Quotas;
  readonly queue: Pick<QueueView, 'length'>;
  /** The number of videos waiting for admission, of all callers, from which new videos are refused. */
  readonly maxQueued: number;
}

/** The limits that a new video counts against: those of the caller, of the client address and of the whole system. */
export function admissionOf(parts: AdmissionParts, { owner, address }: Caller): Admission {
  const { quotas, addressQuotas, queue, maxQueued } = parts;
  const addressOwner = address === null ? null : `address-${digestOf(address)}`;

  function checkQueueLength(): void {
    if (queue.length >= maxQueued)
      throw new OverLimitError('too many videos are waiting: try again soon', 30, 'system');
  }

  return {
    check() {
      checkQueueLength();
      quotas.check(owner);
      if (addressOwner !== null) addressQuotas.check(addressOwner);
    },
    async take(videoId) {
      checkQueueLength();
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
