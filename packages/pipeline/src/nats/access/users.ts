import {
  bucketName,
  canarySubject,
  CANARY_STREAM,
  DEAD_LETTER_STREAM,
  LEASES_BUCKET,
  PREVIEW_STREAM,
  RECORDS_BUCKET,
  RECORDS_STREAM,
  bucketStream,
  workStream,
} from '../names.ts';
import { LIFETIMES, stageName, STAGES } from '../../domain/stages.ts';
import { Stage } from '../../domain/messages.ts';
import type { Access } from './allow-lists.ts';

/** The launcher's own stream, for its canary: it must not need what the provisioner is yet to make. */
export const LAUNCHER_STREAM = 'LAUNCHER';
export const LAUNCHER_SUBJECT = 'launcher.canary';

/** What each user of NATS may do. The names are the services' own. */
export const access = {
  launcher: {
    tends: [LAUNCHER_STREAM],
    publishes: [LAUNCHER_SUBJECT, ...makes(LAUNCHER_STREAM)],
  },
  /** Makes the streams and buckets before the services start; no service may. */
  provisioner: {
    publishes: [
      ...[
        ...STAGES.map(workStream),
        ...LIFETIMES.map(bucketStream),
        RECORDS_STREAM,
        `KV_${LEASES_BUCKET}`,
        PREVIEW_STREAM,
        DEAD_LETTER_STREAM,
        CANARY_STREAM,
      ].flatMap((stream) => [...makes(stream), `$JS.API.STREAM.UPDATE.${stream}`]),
      ...STAGES.map(workStream).flatMap((stream) => [
        `$JS.API.CONSUMER.INFO.${stream}.*`,
        `$JS.API.CONSUMER.CREATE.${stream}.>`,
      ]),
    ],
  },
  gateway: withCanary('gateway', {
    tends: [...STAGES.map(workStream), DEAD_LETTER_STREAM, PREVIEW_STREAM],
    publishes: [
      'work.>',
      'dead.>',
      'nudge.>',
      // To trim what is over. It is no power that writing to the bucket does not give: a roll-up removes as much.
      `$JS.API.STREAM.PURGE.${RECORDS_STREAM}`,
    ],
    // With their canaries the stages tell what they are.
    subscribes: ['preview.>', canarySubject('*')],
    records: { [RECORDS_BUCKET]: 'watch', [LEASES_BUCKET]: 'watch' },
    writes: LIFETIMES.map(bucketName),
  }),
  encoder: worker('encoder', Stage.ENCODE, [Stage.DENOISE], ['photos'], ['latents']),
  denoiser: worker('denoiser', Stage.DENOISE, [Stage.DENOISE, Stage.DECODE], [], ['latents'], ['preview.>']),
  decoder: worker('decoder', Stage.DECODE, [Stage.MUX], ['latents'], ['frames']),
  muxer: worker('muxer', Stage.MUX, [], ['frames'], ['media']),
} satisfies Record<string, Access>;

export type UserName = keyof typeof access;

/**
 * @param next the stages that it may queue tasks for
 */
function worker(
  user: string,
  stage: Stage,
  next: readonly Stage[],
  reads: readonly Bucket[],
  writes: readonly Bucket[],
  publishes: readonly string[] = [],
): Access {
  return withCanary(user, {
    // One consumer a model, and a worker may be started with any.
    queues: [{ stream: workStream(stage), consumer: '*' }],
    publishes: [...next.map((other) => `work.${stageName(other)}.>`), `dead.${stageName(stage)}.>`, ...publishes],
    subscribes: ['nudge.>'],
    records: { [RECORDS_BUCKET]: 'change' },
    reads,
    writes,
  });
}

type Bucket = ReturnType<typeof bucketName>;

/** Each service writes its own canary and reads it back. */
function withCanary(user: string, rest: Access): Access {
  return {
    ...rest,
    publishes: [
      ...(rest.publishes ?? []),
      canarySubject(user),
      `$JS.API.STREAM.INFO.${CANARY_STREAM}`,
      `$JS.API.STREAM.MSG.GET.${CANARY_STREAM}`,
      `$JS.API.DIRECT.GET.${CANARY_STREAM}`,
      `$JS.API.DIRECT.GET.${CANARY_STREAM}.${canarySubject(user)}`,
    ],
  };
}

function makes(stream: string): string[] {
  return [`$JS.API.STREAM.CREATE.${stream}`, `$JS.API.STREAM.INFO.${stream}`];
}
