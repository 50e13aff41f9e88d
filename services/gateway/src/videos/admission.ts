import { OverLimitError } from '@cinematica/pipeline';
import type { Admission, QueueView, Quotas, Taken } from '@cinematica/pipeline';
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

  const queueRefusal = () => new OverLimitError('too many videos are waiting: try again soon', 30, 'system');

  /** Counts videos of the owner against the address, too, and gives back those for which the address has no room. */
  async function takeOfAddress(videoIds: readonly string[], name: string): Promise<Taken> {
    let kept = 0;
    try {
      const taken = await addressQuotas.take(name, videoIds);
      kept = taken.count;
      return taken;
    } finally {
      for (const videoId of videoIds.slice(kept)) await quotas.giveBack(owner, videoId);
    }
  }

  return {
    check() {
      if (queue.length >= maxQueued) throw queueRefusal();
      quotas.check(owner);
      if (addressOwner !== null) addressQuotas.check(addressOwner);
    },
    async take(videoIds) {
      const room = Math.max(0, maxQueued - queue.length);
      if (room === 0) return { count: 0, refusal: queueRefusal() };
      const wanted = videoIds.slice(0, room);
      const taken = await quotas.take(owner, wanted);
      const { count, refusal } =
        addressOwner === null || taken.count === 0
          ? taken
          : await takeOfAddress(wanted.slice(0, taken.count), addressOwner);
      if (count < taken.count) return { count, refusal };
      return { count, refusal: taken.refusal ?? (count < videoIds.length ? queueRefusal() : null) };
    },
    async giveBack(videoId) {
      await quotas.giveBack(owner, videoId);
      if (addressOwner !== null) await addressQuotas.giveBack(addressOwner, videoId);
    },
  };
}

const digestOf = (address: string): string => createHash('sha256').update(address).digest('base64url').slice(0, 22);
