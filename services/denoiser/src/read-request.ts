import { checkModel } from '@cinematica/pipeline/model';
import type { NamedCheckpoint } from '@cinematica/pipeline/model';
import { bytesToFloat32, refuseFields } from '@cinematica/protocol';
import { Sampler } from '@cinematica/protocol/stages';
import type { Conditioning as ConditioningMessage, DenoiseRequest } from '@cinematica/protocol/stages';
import { CAMERA_MOVE_NAMES, pickSettings } from '@cinematica/settings';
import type { CameraMoveName } from '@cinematica/settings';
import { resolveSettings } from '@cinematica/svd';
import type { Conditioning, SamplerKind, SegmentSettings } from '@cinematica/svd';
import type { SegmentBefore } from './continue-segment.ts';

/** A validated request. */
export interface DenoiseJob {
  readonly photo: Conditioning;
  readonly before: SegmentBefore | null;
  readonly settings: SegmentSettings;
  readonly previewEvery: number;
}

const SAMPLERS: Readonly<Record<Sampler, SamplerKind | undefined>> = {
  [Sampler.UNSPECIFIED]: undefined,
  [Sampler.EULER]: 'euler',
  [Sampler.AYS]: 'ays',
  [Sampler.ANIMATELCM]: 'animatelcm',
};

/**
 * Validates a request against the model.
 * @throws RpcError INVALID_ARGUMENT that names the field, SettingsError
 */
export function readRequest(model: NamedCheckpoint, request: DenoiseRequest): DenoiseJob {
  checkModel(request.model, model.ref.name);
  const { checkpoint } = model;
  const photo = readConditioning(model, request.conditioning!);
  const sampler = SAMPLERS[request.sampler];
  const settings = resolveSettings(checkpoint.card, {
    ...pickSettings(request),
    ...(sampler && { sampler }),
    width: photo.width * checkpoint.vae.scaleFactor,
    height: photo.height * checkpoint.vae.scaleFactor,
    segment: request.segment,
    seed: request.seed,
    camera: readCamera(request),
  });
  return { photo, before: readBefore(request, photo), settings, previewEvery: request.previewEvery };
}

function readCamera({ camera }: DenoiseRequest): CameraMoveName | undefined {
  const move = CAMERA_MOVE_NAMES.find((name) => name === camera);
  if (camera === '' || move) return move;
  throw wrong('camera', `must be empty or one of ${CAMERA_MOVE_NAMES.join(', ')}`);
}

function readBefore({ lastLatents, firstStatistics }: DenoiseRequest, photo: Conditioning): SegmentBefore | null {
  if (lastLatents.length === 0) {
    if (firstStatistics)
      throw wrong('first_statistics', 'requires last_latents: the first segment has no statistics before it');
    return null;
  }
  expectBytes('last_latents', lastLatents, photo.imageLatents.length);
  const { channels } = photo;
  if (firstStatistics) {
    const { mean, std, detail } = firstStatistics;
    if ([mean, std, detail].some(({ length }) => length !== channels)) {
      throw wrong('first_statistics', `must have a mean, a std and a detail for each of the ${channels} channels`);
    }
  }
  return { lastFrame: bytesToFloat32(lastLatents), first: firstStatistics ?? null };
}

function readConditioning({ checkpoint, digest }: NamedCheckpoint, message: ConditioningMessage): Conditioning {
  const { channels, height, width, imageEmbedding, imageLatents, previewMap } = message;
  if (message.modelDigest !== digest) {
    throw wrong('conditioning.model_digest', 'must be that of the model that this stage has loaded');
  }
  if (channels !== checkpoint.vae.config.latent_channels) {
    throw wrong('conditioning.channels', `must be the model's ${checkpoint.vae.config.latent_channels}`);
  }
  expectBytes('conditioning.image_embedding', imageEmbedding, checkpoint.imageEncoder.config.projection_dim);
  expectBytes('conditioning.image_latents', imageLatents, channels * height * width);
  expectBytes('conditioning.preview_map', previewMap, (channels + 1) * 3);
  return {
    channels,
    height,
    width,
    imageEmbedding: bytesToFloat32(imageEmbedding),
    imageLatents: bytesToFloat32(imageLatents),
    previewMap: bytesToFloat32(previewMap),
  };
}

function expectBytes(field: string, { length }: Uint8Array, numbers: number): void {
  if (length !== 4 * numbers) throw wrong(field, `must be ${numbers} float32, ${4 * numbers} bytes, not ${length}`);
}

const wrong = (field: string, description: string) => refuseFields([{ field, description }]);
