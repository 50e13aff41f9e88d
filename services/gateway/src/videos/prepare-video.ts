import { findTask, Stage, UnknownVideoError, VideoState } from '@cinematica/pipeline';
import type { Artifact, Artifacts, PreparedVideo, Records } from '@cinematica/pipeline';
import { Code, refuse } from '@cinematica/protocol';
import { ErrorReason } from '@cinematica/protocol/v1';
import type { CreateVideoRequest } from '@cinematica/protocol/v1';
import { randomInt } from 'node:crypto';
import { LAST_FRAME_PART } from '../media/media-files.ts';
import type { PhotoSanitizer } from '../photo/photo-sanitizer.ts';
import { isGone } from './is-gone.ts';
import { resolvePlan } from './resolve-plan.ts';
import type { LoadedModel } from './resolve-plan.ts';
import { idOf } from './to-video.ts';

export interface PrepareParts {
  readonly records: Records;
  readonly artifacts: Artifacts;
  readonly sanitizer: PhotoSanitizer;
  readonly model: LoadedModel;
}

type Source = Pick<PreparedVideo, 'photo' | 'photoWidth' | 'photoHeight' | 'madeFrom' | 'continuedFrom'> & {
  readonly size: { readonly width: number; readonly height: number };
};

/**
 * Decodes a new video's photo, or finds the earlier video that it is made from, and fills in its settings.
 *
 * @throws RpcError, PhotoError, UnknownVideoError, UnavailableError
 */
export async function prepareVideo(
  parts: PrepareParts,
  owner: string,
  request: CreateVideoRequest,
  signal: AbortSignal,
): Promise<PreparedVideo> {
  const { size, ...source } = await readSource(parts, owner, request, signal);
  const plan = resolvePlan(parts.model, request.settings, size, randomInt(2 ** 32));
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

const notReady = (message: string) => refuse(Code.FAILED_PRECONDITION, ErrorReason.VIDEO_NOT_READY, message);
