import { create } from '@bufbuild/protobuf';
import { findTask, PhotoOriginSchema, PipelineStage, VideoState } from '@cinematica/pipeline';
import type { Artifact, Artifacts, PhotoOrigin, PreparedVideo, Records } from '@cinematica/pipeline';
import { GENERATED_SOURCE_TYPE } from '@cinematica/provenance';
import { Code, refuse } from '@cinematica/protocol';
import { ErrorReason } from '@cinematica/protocol/v1';
import type { CreateVideoRequest } from '@cinematica/protocol/v1';
import { createHash, randomInt } from 'node:crypto';
import { clientOf } from '../callers/admit-caller.ts';
import type { Caller } from '../callers/authenticate.ts';
import { LAST_FRAME_PART } from '../media/media-files.ts';
import type { PhotoSanitizer } from '../photo/photo-sanitizer.ts';
import type { RemoteImages } from '../photo/remote-images.ts';
import { chooseInnerSeed, chooseMargin } from './choose-margin.ts';
import { prepareJoin } from './prepare-join.ts';
import { readOwnVideo } from './read-own-video.ts';
import { resolvePlan } from './resolve-plan.ts';
import type { LoadedModel } from './resolve-plan.ts';

/** The dependencies of preparing a new video. All of them are required. */
export interface PrepareParts {
  /** Earlier videos are read here. */
  readonly records: Records;
  /** The photo or last frame of an earlier video is read here. */
  readonly artifacts: Artifacts;
  /** Decodes uploads and last frames. */
  readonly sanitizer: PhotoSanitizer;
  /** Downloads photos that are given by URL. */
  readonly remoteImages: RemoteImages;
  /** Its defaults and limits apply to the settings. */
  readonly model: LoadedModel;
}

type Source = Pick<PreparedVideo, 'photo' | 'photoWidth' | 'photoHeight' | 'madeFrom' | 'continuedFrom'> & {
  readonly size: { readonly width: number; readonly height: number };
  /** Where the photo came from; undefined for the photo of a video that an earlier version made. */
  readonly origin: PhotoOrigin | undefined;
};

/**
 * Prepares a new video: decodes its photo, which may have to be downloaded, or reads the photo or the last frame of an
 * earlier video, and resolves its settings. A join takes the files of earlier videos instead.
 * @throws RpcError INVALID_ARGUMENT when the model does not support a setting, FAILED_PRECONDITION when the earlier video
 *   cannot be used; PhotoError, UnavailableError.
 */
export async function prepareVideo(
  parts: PrepareParts,
  caller: Caller,
  request: CreateVideoRequest,
  signal: AbortSignal,
): Promise<PreparedVideo> {
  if (request.source.case === 'join') return prepareJoin(parts, caller.owner, request, request.source.value, signal);
  const { size, origin, ...source } = await readSource(parts, caller, request, signal);
  const randomSeed = () => randomInt(2 ** 32);
  const plan = resolvePlan(parts.model, request.settings, size, randomSeed());
  plan.modelLicence = parts.model.card.licence.name;
  plan.onlyCameraMoves = parts.model.card.onlyCameraMoves ?? false;
  if (origin) plan.photoOrigin = origin;
  if (source.continuedFrom === undefined) {
    plan.margin = await chooseMargin(parts.model, plan);
  } else if (request.settings?.seed === undefined) {
    plan.seed = await chooseInnerSeed(parts.model, plan, randomSeed);
  }
  return { ...source, plan };
}

async function readSource(
  parts: PrepareParts,
  caller: Caller,
  { source }: CreateVideoRequest,
  signal: AbortSignal,
): Promise<Source> {
  const { owner } = caller;
  const client = clientOf(caller);
  const sanitize = (bytes: Uint8Array) => sanitizePhoto(parts, client, bytes, signal);
  switch (source.case) {
    case 'image':
      return sanitize(source.value);
    case 'imageUrl':
      return sanitize(await parts.remoteImages.fetch(source.value, client, signal));
    case 'video': {
      const { videoId, photo, photoWidth, photoHeight, plan } = await readOwnVideo(parts.records, owner, source.value);
      const size = { width: photoWidth, height: photoHeight };
      const origin = plan?.photoOrigin;
      return { photo: await read(parts, photo, signal), photoWidth, photoHeight, size, origin, madeFrom: videoId };
    }
    case 'continueFrom': {
      const record = await readOwnVideo(parts.records, owner, source.value);
      if (record.state !== VideoState.DONE) throw notReady('Only a video that is DONE can be continued.');
      const outputs = findTask(record, { stage: PipelineStage.MUX, segment: 0 })?.outputs ?? [];
      const last = outputs.find(({ part }) => part === LAST_FRAME_PART);
      const frame = await read(parts, last, signal);
      const start = await sanitize(frame);
      start.origin.digitalSourceType = GENERATED_SOURCE_TYPE;
      return { ...start, continuedFrom: record.videoId };
    }
    case 'join':
    case undefined:
      throw new TypeError('a validated request has a source, and a join needs no photo');
  }
}

async function sanitizePhoto({ sanitizer }: PrepareParts, client: string, bytes: Uint8Array, signal: AbortSignal) {
  const { jpeg, width, height, original, marks } = await sanitizer.sanitize(bytes, { client, signal });
  const origin = create(PhotoOriginSchema, {
    sha256: createHash('sha256').update(bytes).digest('hex'),
    contentType: `image/${original.format}`,
    ...marks,
  });
  return { photo: jpeg, photoWidth: width, photoHeight: height, size: { width, height }, origin } satisfies Source;
}

function read({ artifacts }: PrepareParts, artifact: Artifact | undefined, signal: AbortSignal): Promise<Uint8Array> {
  if (!artifact) throw notReady('The photo or frame that this video would start from is no longer stored.');
  return artifacts.get(artifact, signal);
}

const notReady = (message: string) => refuse(Code.FAILED_PRECONDITION, ErrorReason.VIDEO_NOT_READY, message);
