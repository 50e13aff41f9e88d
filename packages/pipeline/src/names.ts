import { Lifetime, Stage } from './messages.ts';

/** Every name that the pipeline has in NATS. Permissions, provisioning and clients take them from here. */

/** The stages in the order that a video goes through them. */
export const STAGES = [Stage.ENCODE, Stage.DENOISE, Stage.DECODE, Stage.MUX] as const;

/** A stage's name in subjects, metrics and messages. */
export type StageName = 'encode' | 'denoise' | 'decode' | 'mux';

/** @throws RangeError for a stage that there is not. */
export function stageName(stage: Stage): StageName {
  switch (stage) {
    case Stage.ENCODE:
      return 'encode';
    case Stage.DENOISE:
      return 'denoise';
    case Stage.DECODE:
      return 'decode';
    case Stage.MUX:
      return 'mux';
    case Stage.UNSPECIFIED:
    default:
      throw new RangeError(`there is no stage ${stage}`);
  }
}

/** A model as subjects name it: two models run side by side, and an upgrade mixes nothing. */
export interface ModelRef {
  /** Small letters, digits and hyphens. */
  readonly name: string;
  /** The first hexadecimal digits of the digest of its files. */
  readonly digest: string;
}

/** The bucket of the records, and its stream. */
export const RECORDS_BUCKET = 'videos';
export const RECORDS_STREAM = `KV_${RECORDS_BUCKET}`;
/** The bucket of the leases: apart, so that a watcher of videos does not see each renewal. */
export const LEASES_BUCKET = 'leases';
export const DEAD_LETTER_STREAM = 'DEAD';
export const PREVIEW_STREAM = 'PREVIEWS';
export const CANARY_STREAM = 'CANARY';

export const workStream = (stage: Stage): string => `WORK_${stageName(stage)}`;
/** One consumer a stage and model; muxing is the same for all models. */
export const workConsumer = (stage: Stage, { name, digest }: ModelRef): string =>
  stage === Stage.MUX ? 'mux' : `${stageName(stage)}-${name}-${digest}`;
/** What a stage's consumer takes, of one model. */
export const workFilter = (stage: Stage, { name, digest }: ModelRef): string =>
  stage === Stage.MUX ? 'work.mux.>' : `work.${stageName(stage)}.${name}.${digest}.>`;
export const workSubject = (stage: Stage, { name, digest }: ModelRef, videoId: string, segment: number): string =>
  `work.${stageName(stage)}.${name}.${digest}.${videoId}.${segment}`;

export const deadLetterSubject = (stage: Stage, videoId: string): string => `dead.${stageName(stage)}.${videoId}`;
/** Tells the workers to look at a video's record now. */
export const nudgeSubject = (videoId: string): string => `nudge.${videoId}`;
export const previewSubject = (videoId: string): string => `preview.${videoId}`;
export const canarySubject = (service: string): string => `canary.${service}`;

export const LIFETIMES = [Lifetime.PHOTO, Lifetime.LATENTS, Lifetime.FRAMES, Lifetime.MEDIA] as const;

/** @throws RangeError for a lifetime that there is not. */
export function bucketName(lifetime: Lifetime): string {
  switch (lifetime) {
    case Lifetime.PHOTO:
      return 'photos';
    case Lifetime.LATENTS:
      return 'latents';
    case Lifetime.FRAMES:
      return 'frames';
    case Lifetime.MEDIA:
      return 'media';
    case Lifetime.UNSPECIFIED:
    default:
      throw new RangeError(`there is no lifetime ${lifetime}`);
  }
}
export const bucketStream = (lifetime: Lifetime): string => `OBJ_${bucketName(lifetime)}`;

/** A key's parts come from callers: nothing but these characters may reach a subject. */
const TOKEN = /^[A-Za-z0-9_-]{1,64}$/;

/** Something that can't be part of a key. */
export class InvalidKeyError extends Error {
  override readonly name = 'InvalidKeyError';
}

function token(what: string, value: string): string {
  if (!TOKEN.test(value)) {
    throw new InvalidKeyError(`the ${what} must be 1 to 64 letters, digits, hyphens and underscores`);
  }
  return value;
}

export const videoKey = (owner: string, videoId: string): string =>
  `v.${token('owner', owner)}.${token('video id', videoId)}`;
export const ownerKeys = (owner: string): string => `v.${token('owner', owner)}.*`;
export const requestKey = (owner: string, requestId: string): string =>
  `r.${token('owner', owner)}.${token('request id', requestId)}`;
export const quotaKey = (owner: string): string => `q.${token('owner', owner)}`;
export const leaseKey = (role: string): string => `lease.${token('role', role)}`;
export const QUEUE_STATE_KEY = 'd.queue';
