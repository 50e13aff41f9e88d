import { clone } from '@bufbuild/protobuf';
import { retry } from '@cinematica/concurrency';
import { QuotaRecordSchema } from '../messages.ts';
import type { QuotaRecord } from '../messages.ts';
import type { QuotaStore, StoredQuota } from '../ports/quota-store.ts';
import type { StoredRecord } from '../ports/records.ts';
import type { PipelineSettings } from '../settings.ts';
import { isTerminal } from '../video/routing.ts';
import type { Taken } from './create-video.ts';
import { OverLimitError } from './over-limit-error.ts';

const DAY_MS = 86_400_000;

/** Finds a video's record in memory. It may lag behind the storage by a moment. */
export type FindVideo = (videoId: string) => StoredRecord | undefined;

/** What an owner may have. */
export type QuotaLimits = Pick<PipelineSettings, 'MAX_ACTIVE_PER_OWNER' | 'MAX_DAILY_PER_OWNER'>;

/** Counts the videos of owners against their limits. */
export interface Quotas {
  /**
   * Rejects an owner whose quota was full a moment ago. It does not access the storage, so that rejections are cheap.
   * @throws OverLimitError
   */
  check(owner: string): void;
  /**
   * Counts new videos, in their order, as far as there is room. Concurrent requests cannot exceed the limits, because the
   * count is changed by compare-and-set. When the quota is full, videos that have ended are dropped from it, so that nothing
   * has to be counted down. A video that is counted already is not counted again.
   * @throws UnavailableError; OverLimitError when too many videos are created at the same time
   */
  take(owner: string, videoIds: readonly string[]): Promise<Taken>;
  /** Removes a video that was counted but not created. @throws UnavailableError */
  giveBack(owner: string, videoId: string): Promise<void>;
}

interface KnownQuota extends StoredQuota {
  /** When it was read or written, milliseconds since 1970. */
  readonly time: number;
}

/** How long a known quota is relied on to reject a request. Milliseconds. */
const TRUST_MS = 1_000;
/** How many quotas are kept in memory. */
const MAX_KNOWN = 10_000;
/** Revision conflicts before the request fails and the owner has to retry. Changes of one quota in one process never conflict. */
const MAX_TRIES = 20;

/** Another gateway changed the quota first. */
class BusyQuotaError extends OverLimitError {
  constructor() {
    super('too many videos are being created at the same time: try again', 1, 'system');
  }
}

export function createQuotas(store: QuotaStore, find: FindVideo, limits: QuotaLimits): Quotas {
  const known = new Map<string, KnownQuota>();
  const changes = new Map<string, Promise<unknown>>();

  function remember(owner: string, stored: StoredQuota): void {
    known.delete(owner);
    known.set(owner, { ...stored, time: Date.now() });
    if (known.size > MAX_KNOWN) known.delete(known.keys().next().value ?? '');
  }

  /** Changes of one quota run one after the other. @param change returns false when nothing has to be written. */
  function update(owner: string, change: (quota: QuotaRecord) => boolean): Promise<void> {
    const previous = changes.get(owner) ?? Promise.resolve();
    const made = previous.then(() => compareAndSet(owner, change));
    const settled = made
      .catch(() => undefined)
      .then(() => {
        if (changes.get(owner) === settled) changes.delete(owner);
      });
    changes.set(owner, settled);
    return made;
  }

  async function compareAndSet(owner: string, change: (quota: QuotaRecord) => boolean): Promise<void> {
    const attempt = async (): Promise<void> => {
      const stored = await store.get(owner);
      remember(owner, stored);
      const quota = clone(QuotaRecordSchema, stored.quota);
      if (!change(quota)) return;
      const revision = await store.put(owner, quota, stored.revision);
      if (revision === null) throw new BusyQuotaError();
      remember(owner, { quota, revision, exists: true });
    };
    await retry(attempt, {
      isRetryable: (error) => error instanceof BusyQuotaError,
      delayMs: (number) => Math.random() * Math.min(100, 2 ** number),
      maxAttempts: MAX_TRIES,
    });
  }

  /** @returns why the quota has no room for another video; null when it has */
  function refusalOf(quota: QuotaRecord): OverLimitError | null {
    const now = Date.now();
    const day = dayOf(now);
    if (quota.day === day && quota.videosToday >= limits.MAX_DAILY_PER_OWNER) {
      const left = Math.ceil(((day + 1) * DAY_MS - now) / 1000);
      return new OverLimitError(`no more than ${limits.MAX_DAILY_PER_OWNER} videos a day: try again tomorrow`, left);
    }
    if (quota.activeVideoIds.length < limits.MAX_ACTIVE_PER_OWNER) return null;
    if (unfinished(find, quota).length < limits.MAX_ACTIVE_PER_OWNER) return null;
    const max = limits.MAX_ACTIVE_PER_OWNER;
    return new OverLimitError(
      `you already have ${max} unfinished videos, the maximum: wait until one has finished`,
      30,
    );
  }

  function count(quota: QuotaRecord, videoId: string): void {
    const day = dayOf(Date.now());
    if (quota.day !== day) Object.assign(quota, { day, videosToday: 0 });
    if (quota.activeVideoIds.length >= limits.MAX_ACTIVE_PER_OWNER) quota.activeVideoIds = unfinished(find, quota);
    quota.activeVideoIds.push(videoId);
    quota.videosToday++;
  }

  return {
    check(owner) {
      const last = known.get(owner);
      const refusal = last && Date.now() - last.time < TRUST_MS ? refusalOf(last.quota) : null;
      if (refusal) throw refusal;
    },
    async take(owner, videoIds) {
      let taken: Taken = { count: videoIds.length, refusal: null };
      await update(owner, (quota) => {
        // Videos of a request that was interrupted after they were counted are not counted again.
        const before = new Set(quota.activeVideoIds);
        taken = { count: videoIds.length, refusal: null };
        let changed = false;
        for (const [index, videoId] of videoIds.entries()) {
          if (before.has(videoId)) continue;
          const refusal = refusalOf(quota);
          if (refusal) {
            taken = { count: index, refusal };
            break;
          }
          count(quota, videoId);
          changed = true;
        }
        return changed;
      });
      return taken;
    },
    giveBack: (owner, videoId) =>
      update(owner, (quota) => {
        if (!quota.activeVideoIds.includes(videoId)) return false;
        quota.activeVideoIds = quota.activeVideoIds.filter((id) => id !== videoId);
        if (quota.day === dayOf(Date.now()) && quota.videosToday > 0) quota.videosToday--;
        return true;
      }),
  };
}

const dayOf = (time: number): number => Math.floor(time / DAY_MS);

/**
 * Removes the quotas of owners who have no unfinished video and created none today.
 * @returns how many.
 * @throws UnavailableError
 */
export async function removeIdleQuotas(store: QuotaStore, find: FindVideo): Promise<number> {
  const today = dayOf(Date.now());
  let removed = 0;
  for (const owner of await store.owners()) {
    const { quota, revision, exists } = await store.get(owner);
    if (!exists || quota.day >= today || unfinished(find, quota).length > 0) continue;
    // A conflict means that the owner has just created a video.
    if (await store.remove(owner, revision)) removed++;
  }
  return removed;
}

/** The counted videos that have not ended. A video without a record may be about to be created. */
function unfinished(find: FindVideo, quota: QuotaRecord): string[] {
  const old = Date.now() - 60_000;
  return quota.activeVideoIds.filter((videoId) => {
    const stored = find(videoId);
    return stored ? !isTerminal(stored.record) && !stored.record.purgeTime : timeOf(videoId) > old;
  });
}

/** When a UUID of version 7 was created, milliseconds since 1970. */
const timeOf = (videoId: string): number => Number.parseInt(videoId.replace('-', '').slice(0, 12), 16);
