import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import type { KV } from '@nats-io/kv';
import { OverLimitError } from '../domain/admission/over-limit-error.ts';
import { QuotaRecordSchema } from '../domain/messages.ts';
import type { QuotaRecord } from '../domain/messages.ts';
import { quotaKey } from './names.ts';
import type { Records } from '../domain/ports/records.ts';
import { isTerminal } from '../domain/video/routing.ts';
import type { PipelineSettings } from '../domain/settings.ts';
import { isRevisionConflict, withTranslatedErrors } from './errors.ts';

const DAY_MILLISECONDS = 86_400_000;

/**
 * Counts a new video against its caller's limits. However many come at once, no caller holds more than its share: the
 * count is changed by compare-and-set. Videos that are finished are dropped from it by whoever finds it full, so that
 * nothing needs to be counted down.
 * @throws OverLimitError, UnavailableError
 */
export async function takeQuota(
  bucket: KV,
  records: Pick<Records, 'get'>,
  settings: Pick<PipelineSettings, 'MAX_ACTIVE_PER_OWNER' | 'MAX_DAILY_PER_OWNER'>,
  { owner, videoId }: { readonly owner: string; readonly videoId: string },
): Promise<void> {
  const key = quotaKey(owner);
  for (;;) {
    const entry = await withTranslatedErrors('reading a quota', () => bucket.get(key));
    const quota = entry?.operation === 'PUT' ? fromBinary(QuotaRecordSchema, entry.value) : create(QuotaRecordSchema);
    // A request that was broken off after this comes again.
    if (quota.activeVideoIds.includes(videoId)) return;
    const now = Date.now();
    const day = Math.floor(now / DAY_MILLISECONDS);
    if (quota.day !== day) Object.assign(quota, { day, videosToday: 0 });
    if (quota.videosToday >= settings.MAX_DAILY_PER_OWNER) {
      const left = Math.ceil(((day + 1) * DAY_MILLISECONDS - now) / 1000);
      throw new OverLimitError(`no more than ${settings.MAX_DAILY_PER_OWNER} videos a day: go on tomorrow`, left);
    }
    if (quota.activeVideoIds.length >= settings.MAX_ACTIVE_PER_OWNER) {
      quota.activeVideoIds = await unfinished(records, owner, quota);
      if (quota.activeVideoIds.length >= settings.MAX_ACTIVE_PER_OWNER) {
        const most = settings.MAX_ACTIVE_PER_OWNER;
        throw new OverLimitError(`no more than ${most} videos at once: wait for one of yours to be done`, 30);
      }
    }
    quota.activeVideoIds.push(videoId);
    quota.videosToday++;
    try {
      const value = toBinary(QuotaRecordSchema, quota);
      await withTranslatedErrors('keeping a quota', () =>
        bucket.put(key, value, { previousSeq: entry?.revision ?? 0 }),
      );
      return;
    } catch (error) {
      if (!isRevisionConflict(error)) throw error;
    }
  }
}

/**
 * Removes the quotas of callers who have nothing under way and made nothing today: they begin anew.
 * @returns how many.
 */
export async function forgetQuotas(bucket: KV, { get }: Pick<Records, 'get'>): Promise<number> {
  const today = Math.floor(Date.now() / DAY_MILLISECONDS);
  const keys: string[] = [];
  for await (const key of await withTranslatedErrors('listing quotas', () => bucket.keys('q.*'))) keys.push(key);
  let forgotten = 0;
  for (const key of keys) {
    const entry = await withTranslatedErrors('reading a quota', () => bucket.get(key));
    if (entry?.operation !== 'PUT') continue;
    const quota = fromBinary(QuotaRecordSchema, entry.value);
    const owner = key.slice(key.indexOf('.') + 1);
    if (quota.day >= today || (await unfinished({ get }, owner, quota)).length > 0) continue;
    try {
      await withTranslatedErrors('forgetting a quota', () => bucket.purge(key, { previousSeq: entry.revision }));
      forgotten++;
    } catch (error) {
      // The caller has just come back.
      if (!isRevisionConflict(error)) throw error;
    }
  }
  return forgotten;
}

/** The videos of a quota that are still to be finished. One that is not there yet may be about to be. */
async function unfinished(records: Pick<Records, 'get'>, owner: string, quota: QuotaRecord): Promise<string[]> {
  const ids: string[] = [];
  const old = Date.now() - 60_000;
  for (const videoId of quota.activeVideoIds) {
    const stored = await records.get({ owner, videoId });
    const open = stored ? !isTerminal(stored.record) && !stored.record.purgeTime : timeOf(videoId) > old;
    if (open) ids.push(videoId);
  }
  return ids;
}

/** When a UUID of version 7 was made, milliseconds since 1970. */
const timeOf = (videoId: string): number => Number.parseInt(videoId.replace('-', '').slice(0, 12), 16);
