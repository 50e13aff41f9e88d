import { clone, create, fromBinary, toBinary } from '@bufbuild/protobuf';
import type { KV } from '@nats-io/kv';
import { setTimeout as delay } from 'node:timers/promises';
import { QuotaRecordSchema } from '../messages.ts';
import type { QuotaRecord } from '../messages.ts';
import { quotaKey } from '../names.ts';
import type { StoredRecord } from '../records/records.ts';
import { isTerminal } from '../routing.ts';
import type { PipelineSettings } from '../settings.ts';
import { lostRace, reaching } from '../unavailable.ts';

/** A limit is reached; after `retrySeconds` there may be room again. */
export class OverLimitError extends Error {
  override readonly name = 'OverLimitError';
  readonly retrySeconds: number;
  /** Whose limit it is. */
  readonly scope: 'caller' | 'system';

  constructor(message: string, retrySeconds: number, scope: 'caller' | 'system' = 'caller') {
    super(message);
    this.retrySeconds = retrySeconds;
    this.scope = scope;
  }
}

const DAY_MILLISECONDS = 86_400_000;

/** Finds a video's record without asking NATS. Its answer may be a moment old. */
export type FindVideo = (videoId: string) => StoredRecord | undefined;

/** What a caller may have. */
export type QuotaLimits = Pick<PipelineSettings, 'MAX_ACTIVE_PER_OWNER' | 'MAX_DAILY_PER_OWNER'>;

/** Counts the videos of callers against their limits. */
export interface Quotas {
  /**
   * Refuses a caller whose quota was full a moment ago. It asks NATS nothing, so that refusals are cheap.
   *
   * @throws OverLimitError
   */
  check(owner: string): void;
  /**
   * Counts a new video. However many come at once, no caller holds more than its share: the count is changed by
   * compare-and-set. Videos that have ended are dropped from it when it is full, so that nothing needs to be counted
   * down. A video that is counted already is not counted again.
   *
   * @throws OverLimitError, UnavailableError
   */
  take(owner: string, videoId: string): Promise<void>;
  /** Removes a video that was counted and then not made. */
  giveBack(owner: string, videoId: string): Promise<void>;
}

interface KnownQuota {
  readonly quota: QuotaRecord;
  readonly revision: number;
  readonly readTime: number;
}

/** How long a quota that was read is relied on to refuse. Milliseconds. */
const TRUST_MS = 1_000;
/** Quotas that are remembered. */
const MAX_KNOWN = 10_000;
/** Lost compare-and-sets before a caller is told to try again. Within a process changes of one quota never race. */
const MAX_TRIES = 20;

export function createQuotas(bucket: KV, find: FindVideo, limits: QuotaLimits): Quotas {
  const known = new Map<string, KnownQuota>();
  const changes = new Map<string, Promise<unknown>>();

  async function read(owner: string): Promise<KnownQuota> {
    const entry = await reaching('reading a quota', () => bucket.get(quotaKey(owner)));
    const quota = entry?.operation === 'PUT' ? fromBinary(QuotaRecordSchema, entry.value) : create(QuotaRecordSchema);
    return remember(owner, { quota, revision: entry?.revision ?? 0, readTime: Date.now() });
  }

  function remember(owner: string, quota: KnownQuota): KnownQuota {
    known.delete(owner);
    known.set(owner, quota);
    if (known.size > MAX_KNOWN) known.delete(known.keys().next().value ?? '');
    return quota;
  }

  /** Changes of one quota are made one after the other. @param change false leaves the quota as it is */
  function update(owner: string, change: (quota: QuotaRecord) => boolean): Promise<void> {
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

  async function compareAndSet(owner: string, change: (quota: QuotaRecord) => boolean): Promise<void> {
    for (let tries = 1; tries <= MAX_TRIES; tries++) {
      const { quota: old, revision } = await read(owner);
      const quota = clone(QuotaRecordSchema, old);
      if (!change(quota)) return;
      try {
        const value = toBinary(QuotaRecordSchema, quota);
        const next = await reaching('keeping a quota', () =>
          bucket.put(quotaKey(owner), value, { previousSeq: revision }),
        );
        remember(owner, { quota, revision: next, readTime: Date.now() });
        return;
      } catch (error) {
        if (!lostRace(error)) throw error;
        await delay(Math.random() * Math.min(100, 2 ** tries));
      }
    }
    throw new OverLimitError('too many videos are being created at the same time: try again', 1, 'system');
  }

  /** @throws OverLimitError */
  function refuseFull(quota: QuotaRecord): void {
    const now = Date.now();
    const day = dayOf(now);
    if (quota.day === day && quota.videosToday >= limits.MAX_DAILY_PER_OWNER) {
      const left = Math.ceil(((day + 1) * DAY_MILLISECONDS - now) / 1000);
      throw new OverLimitError(`no more than ${limits.MAX_DAILY_PER_OWNER} videos a day: go on tomorrow`, left);
    }
    if (quota.activeVideoIds.length < limits.MAX_ACTIVE_PER_OWNER) return;
    if (unfinished(find, quota).length < limits.MAX_ACTIVE_PER_OWNER) return;
    const most = limits.MAX_ACTIVE_PER_OWNER;
    throw new OverLimitError(`no more than ${most} videos at once: wait for one of yours to be done`, 30);
  }

  return {
    check(owner) {
      const last = known.get(owner);
      if (last && Date.now() - last.readTime < TRUST_MS) refuseFull(last.quota);
    },
    take: (owner, videoId) =>
      update(owner, (quota) => {
        // A request that was broken off after this comes again.
        if (quota.activeVideoIds.includes(videoId)) return false;
        refuseFull(quota);
        const day = dayOf(Date.now());
        if (quota.day !== day) Object.assign(quota, { day, videosToday: 0 });
        if (quota.activeVideoIds.length >= limits.MAX_ACTIVE_PER_OWNER) quota.activeVideoIds = unfinished(find, quota);
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

const dayOf = (time: number): number => Math.floor(time / DAY_MILLISECONDS);

/**
 * Removes the quotas of callers who have no unfinished video and made none today: they begin anew.
 * @returns how many.
 */
export async function forgetQuotas(bucket: KV, find: FindVideo): Promise<number> {
  const today = dayOf(Date.now());
  const keys: string[] = [];
  for await (const key of await reaching('listing quotas', () => bucket.keys('q.*'))) keys.push(key);
  let forgotten = 0;
  for (const key of keys) {
    const entry = await reaching('reading a quota', () => bucket.get(key));
    if (entry?.operation !== 'PUT') continue;
    const quota = fromBinary(QuotaRecordSchema, entry.value);
    if (quota.day >= today || unfinished(find, quota).length > 0) continue;
    try {
      await reaching('forgetting a quota', () => bucket.purge(key, { previousSeq: entry.revision }));
      forgotten++;
    } catch (error) {
      // The caller has just come back.
      if (!lostRace(error)) throw error;
    }
  }
  return forgotten;
}

/** The videos of a quota that are still to be finished. One that is not there yet may be about to be. */
function unfinished(find: FindVideo, quota: QuotaRecord): string[] {
  const old = Date.now() - 60_000;
  return quota.activeVideoIds.filter((videoId) => {
    const stored = find(videoId);
    return stored ? !isTerminal(stored.record) && !stored.record.purgeTime : timeOf(videoId) > old;
  });
}

/** When a UUID of version 7 was made, milliseconds since 1970. */
const timeOf = (videoId: string): number => Number.parseInt(videoId.replace('-', '').slice(0, 12), 16);
