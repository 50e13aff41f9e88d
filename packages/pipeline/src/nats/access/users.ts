import { PipelineStage } from '../../domain/messages.ts';
import { bucketName, LIFETIMES, stageName, STAGES } from '../../domain/stages.ts';
import {
  BACKUP_STREAMS,
  bucketStream,
  canarySubject,
  CANARY_STREAM,
  DEAD_LETTER_STREAM,
  INSTALLATION_KEY,
  LEASES_BUCKET,
  PREVIEW_STREAM,
  RECORDS_BUCKET,
  RECORDS_STREAM,
  WEBHOOK_CONSUMER,
  WEBHOOK_STREAM,
  workStream,
} from '../names.ts';
import type { UserPermissions } from './allow-lists.ts';

/** The launcher's own stream for its canary, so that it does not depend on the streams that the provisioner creates. */
export const LAUNCHER_STREAM = 'LAUNCHER';
export const LAUNCHER_SUBJECT = 'launcher.canary';

/** Every user of NATS and what it may do. A user has the name of its service. */
export const USER_PERMISSIONS = {
  /** Only on the local server: it monitors the server with its canary. */
  launcher: {
    maintains: [LAUNCHER_STREAM],
    publishes: [LAUNCHER_SUBJECT, ...createSubjects(LAUNCHER_STREAM)],
  },
  /** Creates the streams, buckets and consumers before the services start. No service may. */
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
        WEBHOOK_STREAM,
      ].flatMap((stream) => [...createSubjects(stream), `$JS.API.STREAM.UPDATE.${stream}`]),
      ...[...STAGES.map(workStream), WEBHOOK_STREAM].flatMap((stream) => [
        `$JS.API.CONSUMER.INFO.${stream}.*`,
        `$JS.API.CONSUMER.CREATE.${stream}.>`,
      ]),
      `$KV.${LEASES_BUCKET}.${INSTALLATION_KEY}`,
    ],
  },
  gateway: withCanary('gateway', {
    maintains: [...STAGES.map(workStream), WEBHOOK_STREAM, DEAD_LETTER_STREAM, PREVIEW_STREAM],
    publishes: [
      'work.>',
      'webhook.>',
      'dead.>',
      'nudge.>',
      // To trim histories. This adds no power: a user that may write to the bucket can remove as much with a roll-up.
      `$JS.API.STREAM.PURGE.${RECORDS_STREAM}`,
    ],
    // The canaries of the stages carry their reports.
    subscribes: ['preview.>', canarySubject('*')],
    buckets: { [RECORDS_BUCKET]: 'watch', [LEASES_BUCKET]: 'watch' },
    writes: LIFETIMES.map(bucketName),
  }),
  encoder: worker('encoder', {
    stage: PipelineStage.ENCODE,
    next: [PipelineStage.DENOISE],
    reads: ['photos'],
    writes: ['latents'],
  }),
  denoiser: worker('denoiser', {
    stage: PipelineStage.DENOISE,
    next: [PipelineStage.DENOISE, PipelineStage.DECODE],
    reads: [],
    writes: ['latents'],
    publishes: ['preview.>'],
  }),
  decoder: worker('decoder', {
    stage: PipelineStage.DECODE,
    next: [PipelineStage.MUX],
    reads: ['latents'],
    writes: ['frames'],
    publishes: ['preview.>'],
  }),
  // The muxer finishes frames with the details of the photo.
  muxer: worker('muxer', { stage: PipelineStage.MUX, next: [], reads: ['photos', 'frames'], writes: ['media'] }),
  // It records attempts in the videos' records. It reads no photo and no video: it only connects to others.
  outbound: withCanary('outbound', {
    queues: [{ stream: WEBHOOK_STREAM, consumer: WEBHOOK_CONSUMER }],
    publishes: ['dead.webhook.>'],
    buckets: { [RECORDS_BUCKET]: 'change' },
  }),
  /** Reads whole streams, and can change nothing. */
  backup: {
    publishes: BACKUP_STREAMS.flatMap((stream) => [
      `$JS.API.STREAM.INFO.${stream}`,
      `$JS.API.STREAM.SNAPSHOT.${stream}`,
      `$JS.SNAPSHOT.ACK.${stream}.>`,
    ]),
  },
  /** Replaces whole streams. Only a restore that an operator starts has its password. */
  restore: {
    publishes: BACKUP_STREAMS.flatMap((stream) => [
      `$JS.API.STREAM.INFO.${stream}`,
      `$JS.API.STREAM.DELETE.${stream}`,
      `$JS.API.STREAM.RESTORE.${stream}`,
      `$JS.SNAPSHOT.RESTORE.${stream}.>`,
    ]),
  },
} satisfies Record<string, UserPermissions>;

export type UserName = keyof typeof USER_PERMISSIONS;

type Bucket = ReturnType<typeof bucketName>;

interface WorkerPermissions {
  readonly stage: PipelineStage;
  /** The stages that it publishes tasks for. */
  readonly next: readonly PipelineStage[];
  readonly reads: readonly Bucket[];
  readonly writes: readonly Bucket[];
  readonly publishes?: readonly string[];
}

function worker(user: string, { stage, next, reads, writes, publishes = [] }: WorkerPermissions): UserPermissions {
  return withCanary(user, {
    // There is one consumer for each model, and a worker may be started with any model.
    queues: [{ stream: workStream(stage), consumer: '*' }],
    publishes: [...next.map((other) => `work.${stageName(other)}.>`), `dead.${stageName(stage)}.>`, ...publishes],
    subscribes: ['nudge.>'],
    // The id of the installation is beside the leases. Artifacts in S3 belong to one installation.
    buckets: { [RECORDS_BUCKET]: 'change', [LEASES_BUCKET]: 'read' },
    reads,
    writes,
  });
}

/** Each service writes its own canary and reads it back. */
function withCanary(user: string, permissions: UserPermissions): UserPermissions {
  return {
    ...permissions,
    publishes: [
      ...(permissions.publishes ?? []),
      canarySubject(user),
      `$JS.API.STREAM.INFO.${CANARY_STREAM}`,
      `$JS.API.STREAM.MSG.GET.${CANARY_STREAM}`,
      `$JS.API.DIRECT.GET.${CANARY_STREAM}`,
      `$JS.API.DIRECT.GET.${CANARY_STREAM}.${canarySubject(user)}`,
    ],
  };
}

function createSubjects(stream: string): string[] {
  return [`$JS.API.STREAM.CREATE.${stream}`, `$JS.API.STREAM.INFO.${stream}`];
}
