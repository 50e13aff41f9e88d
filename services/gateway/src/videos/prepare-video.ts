import { findTask, Stage, UnknownVideoError, VideoState } from '@cinematica/pipeline';
import type {
  Artifact,
  Artifacts,
  PipelineSettings,
  PreparedVideo,
  Quotas,
  Records,
  VideoTable,
} from '@cinematica/pipeline';
import { Code, refuse } from '@cinematica/protocol';
import { ErrorReason } from '@cinematica/protocol/v1';
import type { CreateVideoRequest } from '@cinematica/protocol/v1';
import { createHash, randomInt } from 'node:crypto';
import type { Caller } from '../callers/authenticate.ts';
import { LAST_FRAME_PART } from '../media/media-files.ts';
import type { PhotoSanitizer } from '../photo/photo-sanitizer.ts';
import { isGone } from './is-gone.ts';
import { resolvePlan } from './resolve-plan.ts';
import type { LoadedModel } from './resolve-plan.ts';
import { idOf } from './to-video.ts';

export interface PrepareParts {
  readonly records: Records;
  readonly quotas: Quotas;
  readonly artifacts: Artifacts;
  readonly table: VideoTable;
  readonly sanitizer: PhotoSanitizer;
  readonly model: LoadedModel;
  readonly settings: Pick<PipelineSettings, 'MAX_ACTIVE_PER_OWNER' | 'MAX_DAILY_PER_OWNER'>;
  /** For all callers without a key at one address. */
  readonly addressSettings: Pick<PipelineSettings, 'MAX_ACTIVE_PER_OWNER' | 'MAX_DAILY_PER_OWNER'>;
}

type Source = Pick<PreparedVideo, 'photo' | 'photoWidth' | 'photoHeight' | 'madeFrom' | 'continuedFrom'> & {
  readonly size: { readonly width: number; readonly height: number };
};

/**
 * Everything about a new video that is costly to find out, or uses up what a caller may have.
 *
 * @throws RpcError, PhotoError, OverLimitError, UnknownVideoError, UnavailableError
 */
export async function prepareVideo(
  parts: PrepareParts,
  caller: Caller,
  request: CreateVideoRequest,
  videoId: string,
  signal: AbortSignal,
): Promise<PreparedVideo> {
  const { size, ...source } = await readSource(parts, caller.owner, request, signal);
  const plan = resolvePlan(parts.model, request.settings, size, randomInt(2 ** 32));
  if (caller.address !== null) await takeAddressQuota(parts, caller.address, videoId);
  return { ...source, plan };
}

async function readSource(
  parts: PrepareParts,
  owner: string,
  { source }: CreateVideoRequest,
  signal: AbortSignal,
): Promise<Source> {
  switch (source.case) {
    case 'image':
      return sanitized(parts, source.value, signal);
    case 'video': {
      const { videoId, photo, photoWidth, photoHeight } = await readOwn(parts, owner, source.value);
      const size = { width: photoWidth, height: photoHeight };
      return { photo: await read(parts, photo, signal), photoWidth, photoHeight, size, madeFrom: videoId };
    }
    case 'continueFrom': {
      const record = await readOwn(parts, owner, source.value);
      if (record.state !== VideoState.DONE) throw notReady('Only a video that is DONE can be gone on from.');
      const outputs = findTask(record, { stage: Stage.MUX, segment: 0 })?.outputs ?? [];
      const last = outputs.find(({ part }) => part === LAST_FRAME_PART);
      const frame = await read(parts, last, signal);
      return { ...(await sanitized(parts, frame, signal)), continuedFrom: record.videoId };
    }
    case undefined:
      throw new TypeError('a request that was checked has a source');
  }
}

async function sanitized({ sanitizer }: PrepareParts, bytes: Uint8Array, signal: AbortSignal): Promise<Source> {
  const { jpeg, width, height } = await sanitizer.sanitize(bytes, { signal });
  return { photo: jpeg, photoWidth: width, photoHeight: height, size: { width, height } };
}

/** @throws UnknownVideoError for one that is someone else's, or deleted */
async function readOwn({ records }: PrepareParts, owner: string, name: string) {
  const stored = await records.get({ owner, videoId: idOf(name) });
  if (!stored || stored.record.purgeTime || isGone(stored.record))
    throw new UnknownVideoError('there is no such video');
  return stored.record;
}

function read({ artifacts }: PrepareParts, artifact: Artifact | undefined, signal: AbortSignal): Promise<Uint8Array> {
  if (!artifact) throw notReady('What this video would be made from was not kept.');
  return artifacts.get(artifact, signal);
}

/** A cookie is easily dropped: who has none yet counts with everyone at the same address. */
function takeAddressQuota({ quotas, table, addressSettings }: PrepareParts, address: string, videoId: string) {
  const owner = `address-${createHash('sha256').update(address).digest('base64url').slice(0, 22)}`;
  // The videos are of many owners: the table finds them by their ids alone.
  const find: Pick<Records, 'get'> = { get: (ref) => Promise.resolve(table.videos.get(ref.videoId) ?? null) };
  return quotas.take(find, addressSettings, { owner, videoId });
}

const notReady = (message: string) => refuse(Code.FAILED_PRECONDITION, ErrorReason.VIDEO_NOT_READY, message);
