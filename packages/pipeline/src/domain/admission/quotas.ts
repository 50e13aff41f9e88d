import { clone } from '@bufbuild/protobuf';
import { setTimeout as delay } from 'node:timers/promises';
import { QuotaRecordSchema } from '../messages.ts';
import type { QuotaRecord } from '../messages.ts';
import type { QuotaStore, StoredQuota } from '../ports/quotas.ts';
import type { StoredRecord } from '../ports/records.ts';
import type { PipelineSettings } from '../settings.ts';
import { isTerminal } from '../video/routing.ts';
import { OverLimitError } from './over-limit-error.ts';

/** Finds a video's record in memory. Its answer may be a moment old. */
export type FindVideo = (videoId: string) => StoredRecord | undefined;

/** What an owner may have: unfinished videos, and videos in a day (UTC). */
export type QuotaLimits = Pick<PipelineSettings, 'MAX_ACTIVE_PER_OWNER' | 'MAX_DAILY_PER_OWNER'>;

/** Counts the videos of owners against their limits. */
export interface Quotas {
  /**
   * Refuses an owner whose quota was full a moment ago. Nothing is read, so that refusals are cheap.
   *
   * @throws OverLimitError
   */
  check(owner: string): void;
  /**
   * Counts a new video. However many come at once, no owner holds more than its share: the count is changed by
   * compare-and-set. Videos that have ended are dropped from it when it is full, so that nothing needs to be counted
   * down. A video that is counted already is not counted again.
   *
   * @throws OverLimitError, UnavailableError
   */
  take(owner: string, videoId: string): Promise<void>;
  /** Removes a video that was counted and then not made. @throws UnavailableError */
  giveBack(owner: string, videoId: string): Promise<void>;
}

/** How long a quota that was read is relied on to refuse. Milliseconds. */
const TRUST_MS = 1_000;
/** Quotas that are remembered. */
const MAX_KNOWN = 10_000;
/** Lost compare-and-sets before a caller is told to try again. Within a process changes of one quota never race. */
const MAX_TRIES = 20;

/** Decides on a copy of the quota. @returns whether it changed. @throws OverLimitError */
type QuotaChange = (quota: QuotaRecord) => boolean;

export function createQuotas(store: QuotaStore, find: FindVideo, limits: QuotaLimits): Quotas {
  const known = new Map<string, { readonly quota: QuotaRecord; readonly readTime: number }>();
  const changes = new Map<string, Promise<unknown>>();

  function remember(owner: string, { quota }: Pick<StoredQuota, 'quota'>): void {
    known.delete(owner);
    known.set(owner, { quota, readTime: Date.now() });
    if (known.size > MAX_KNOWN) known.delete(known.keys().next().value ?? '');
  }

  /** Changes of one quota are made one after the other. */
  function update(owner: string, change: QuotaChange): Promise<void> {
    const before = changes.get(owner) ?? Promise.resolve();
    const made = before.then(() => compareAndSet(owner, change));
    const settled = made
      .catch(() => undefined)
      .then(() => {
        if (changes.get(owner) === settled) changes.delete(owner);
      });
    changes.set(owner, settled);
    return made;
  }

  async function compareAndSet(owner: string, change: QuotaChange): Promise<void> {
    for (let tries = 1; tries <= MAX_TRIES; tries++) {
      const stored = await store.get(owner);
      remember(owner, stored);
      const quota = clone(QuotaRecordSchema, stored.quota);
      if (!change(quota)) return;
      if ((await store.replace(owner, quota, stored.revision)) !== null) {
        remember(owner, { quota });
        return;
      }
      await delay(Math.random() * Math.min(100, 2 ** tries));
    }
    throw new OverLimitError('too many videos are being created at the same time: try again', 1, 'system');
  }

  return {
    check(owner) {
      const last = known.get(owner);
      if (last && Date.now() - last.readTime < TRUST_MS) refuseFull(last.quota, find, limits);
    },
    take: (owner, videoId) =>
      update(owner, (quota) => {
        // A request that was interrupted after this is repeated.
        if (quota.activeVideoIds.includes(videoId)) return false;
        refuseFull(quota, find, limits);
        const day = dayOf(Date.now());
        if (quota.day !== day) {
          quota.day = day;
          quota.videosToday = 0;
        }
        if (quota.activeVideoIds.length >= limits.MAX_ACTIVE_PER_OWNER) quota.activeVideoIds = unfinished(quota, find);
        quota.activeVideoIds.push(videoId);
        quota.videosToday++;
        return true;
      }),
    giveBack: (owner, videoId) =>
      update(owner, (quota) => {
        if (!quota.activeVideoIds.includes(videoId)) return false;
        quota.activeVideoIds = quota.activeVideoIds.filter((id) => id !== videoId);
        if (quota.day === dayOf(Date.now()) && quota.videosToday > 0) quota.videosToday--;
        return true;
      }),
  };
}

/**
 * Removes the quotas of owners who have no unfinished video and made none today: they start again from zero.
 *
 * @returns how many.
 * @throws UnavailableError
 */
export async function forgetIdleQuotas(store: QuotaStore, find: FindVideo): Promise<number> {
  const today = dayOf(Date.now());
  let forgotten = 0;
  for (const owner of await store.owners()) {
    const { quota, revision } = await store.get(owner);
    if (revision === 0 || quota.day >= today || unfinished(quota, find).length > 0) continue;
    if (await store.remove(owner, revision)) forgotten++;
  }
  return forgotten;
}

/** @throws OverLimitError */
function refuseFull(quota: QuotaRecord, find: FindVideo, limits: QuotaLimits): void {
  const { MAX_DAILY_PER_OWNER, MAX_ACTIVE_PER_OWNER } = limits;
  const now = Date.now();
  const day = dayOf(now);
  if (quota.day === day && quota.videosToday >= MAX_DAILY_PER_OWNER) {
    const seconds = Math.ceil(((day + 1) * DAY_MS - now) / 1000);
    throw new OverLimitError(`no more than ${MAX_DAILY_PER_OWNER} videos a day: go on tomorrow`, seconds);
  }
  if (quota.activeVideoIds.length < MAX_ACTIVE_PER_OWNER) return;
  if (unfinished(quota, find).length < MAX_ACTIVE_PER_OWNER) return;
  throw new OverLimitError(`no more than ${MAX_ACTIVE_PER_OWNER} videos at once: wait for one of yours to be done`, 30);
}

/** A video without a record may be about to get one, for a minute after its id was made. */
function unfinished(quota: QuotaRecord, find: FindVideo): string[] {
  const old = Date.now() - 60_000;
  return quota.activeVideoIds.filter((videoId) => {
    const stored = find(videoId);
    return stored ? !isTerminal(stored.record) && !stored.record.purgeTime : timeOf(videoId) > old;
  });
}

const DAY_MS = 86_400_000;

/** The day of a time, counted from 1970 in UTC. */
const dayOf = (time: number): number => Math.floor(time / DAY_MS);

/** When a UUID of version 7 was made, milliseconds since 1970. */
const timeOf = (videoId: string): number => Number.parseInt(videoId.replace('-', '').slice(0, 12), 16);
