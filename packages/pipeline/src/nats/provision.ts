import { retry } from '@cinematica/concurrency';
import {
  AckPolicy,
  DeliverPolicy,
  DiscardPolicy,
  JetStreamApiError,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
} from '@nats-io/jetstream';
import type { ConsumerConfig, JetStreamManager, StreamConfig } from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import type { NatsConnection } from '@nats-io/transport-node';
import { Lifetime, PipelineStage } from '../domain/messages.ts';
import {
  bucketStream,
  CANARY_STREAM,
  canarySubject,
  DEAD_LETTER_STREAM,
  LEASES_BUCKET,
  PREVIEW_STREAM,
  previewSubject,
  RECORDS_BUCKET,
  RECORDS_STREAM,
  WEBHOOK_CONSUMER,
  WEBHOOK_STREAM,
  workConsumer,
  workFilter,
  workStream,
} from './names.ts';
import { bucketName, LIFETIMES, stageName, STAGES } from '../domain/stages.ts';
import type { ModelRef } from '../domain/model-ref.ts';
import type { PipelineSettings } from '../domain/settings.ts';
import { bucketLimit, keepsInMemory } from '../domain/storage-sizes.ts';
import { withTranslatedErrors } from './errors.ts';
import { writeInstallationId } from './installation.ts';
import { StorageFullError, UnavailableError } from '../domain/errors.ts';

/** The oldest server with `sync_interval: always`. Older ones may lose acknowledged messages in a power failure. */
const MIN_SERVER_VERSION = '2.10.27';

const DAY = 86_400_000;
/**
 * Revisions of a record that can be replayed. A video of ten segments with 25 steps writes fewer while a watcher
 * reconnects.
 */
const HISTORY = 128;

/** The most webhooks that are due at the same time. */
const MAX_WEBHOOKS = 100_000;

/** The smallest share of their normal size that dead letters and previews may be limited to. */
const MIN_SHARE = 1 / 1024;

type Config = Partial<StreamConfig> & Pick<StreamConfig, 'name'>;

/** The server lacks something that the pipeline needs. */
export class ProvisionError extends Error {
  override readonly name = 'ProvisionError';
}

/**
 * Creates every stream, bucket and consumer, or updates its configuration, and gives the installation its id. Only the
 * provisioner has the permission. It runs before the services, and again for each new model. A cluster that has just started
 * reports that it is healthy before it has enough members for the replicas of a stream, so the request is retried.
 *
 * A stream's limit is reserved in the storage of the server. When the reservations of dead letters and previews do not fit,
 * they are made smaller, so that a system with little storage starts and refuses videos later.
 * @throws ProvisionError when the server is too old, or stores another configuration than it was given.
 * @throws StorageFullError when the buckets do not fit: `VIDEOS_PER_HOUR` times `KEEP_HOURS` is too much, or `BUCKET_MIB` or `FRAMES_BUCKET_MIB`.
 * @throws UnavailableError when NATS could not do it for `PROVISION_TIMEOUT_MS`.
 */
export async function provision(
  nats: NatsConnection,
  settings: PipelineSettings,
  models: readonly ModelRef[],
): Promise<void> {
  checkServerVersion(nats.info?.version ?? '');
  const manager = await jetstreamManager(nats, { timeout: settings.REQUEST_TIMEOUT_MS, checkAPI: false });
  const ensureSome = (share: number) => ensureAll(nats, manager, settings, models, share);
  await retry(() => ensureAllThatFits(ensureSome), {
    isRetryable: (error) => error instanceof UnavailableError,
    delayMs: () => settings.RETRY_DELAY_MS,
    deadline: Date.now() + settings.PROVISION_TIMEOUT_MS,
  });
}

/** @throws ProvisionError when the server is older than {@link MIN_SERVER_VERSION}. */
export function checkServerVersion(version: string): void {
  // A suffix such as "-RC.1" is ignored.
  const parse = (text: string) => text.split(/[-+]/, 1)[0]!.split('.').map(Number);
  const [actual, required] = [parse(version), parse(MIN_SERVER_VERSION)];
  const at = required.findIndex((part, index) => actual[index] !== part);
  if (at < 0 || (actual[at] ?? 0) > required[at]!) return;
  throw new ProvisionError(`nats-server ${version} is too old: ${MIN_SERVER_VERSION} or newer is needed`);
}

/** Halves the reservations of dead letters and previews until they fit. @throws StorageFullError, UnavailableError */
async function ensureAllThatFits(ensureSome: (share: number) => Promise<void>): Promise<void> {
  for (let share = 1; ; share /= 2) {
    try {
      await withTranslatedErrors('creating streams and consumers', () => ensureSome(share));
      return;
    } catch (error) {
      if (!(error instanceof StorageFullError) || share <= MIN_SHARE) throw error;
    }
  }
}

async function ensureAll(
  nats: NatsConnection,
  manager: JetStreamManager,
  settings: PipelineSettings,
  models: readonly ModelRef[],
  share: number,
): Promise<void> {
  const isNew = !(await exists(() => manager.streams.info(RECORDS_STREAM)));
  const [leases, ...others] = streamConfigs(settings, share);
  await ensureStream(manager, leases);
  // Before the records, so that a crash in between leaves no new records with an old id.
  await writeInstallationId(nats, settings, isNew);
  for (const stream of others) await ensureStream(manager, stream);
  for (const stage of STAGES) {
    // Muxing has one consumer for all models.
    for (const model of stage === PipelineStage.MUX ? models.slice(0, 1) : models) {
      await ensureConsumer(manager, workStream(stage), consumerConfig(stage, model, settings));
    }
  }
  await ensureConsumer(manager, WEBHOOK_STREAM, webhookConsumerConfig(settings));
}

/**
 * The configuration of all streams, including those of the buckets. The first one has the id of the installation.
 * @param share how much of their normal size dead letters and previews may take, in (0, 1].
 */
export function streamConfigs(settings: PipelineSettings, share = 1): [Config, ...Config[]] {
  const replicated = { num_replicas: settings.NATS_REPLICAS, storage: StorageType.File };
  return [
    keyValues(LEASES_BUCKET, 1, replicated),
    keyValues(RECORDS_BUCKET, HISTORY, replicated),
    ...LIFETIMES.map((lifetime) => objects(lifetime, settings)),
    ...STAGES.map((stage): Config => ({
      ...replicated,
      name: workStream(stage),
      subjects: [`work.${stageName(stage)}.>`],
      retention: RetentionPolicy.Workqueue,
      discard: DiscardPolicy.New,
      // At most one message for each task: publishing a task that is in the queue already changes nothing.
      max_msgs_per_subject: 1,
      discard_new_per_subject: true,
      max_msgs: 100_000,
      max_msg_size: 8 * 1024,
      max_age: nanos(DAY),
      duplicate_window: nanos(120_000),
    })),
    {
      ...replicated,
      name: WEBHOOK_STREAM,
      subjects: ['webhook.>'],
      retention: RetentionPolicy.Workqueue,
      discard: DiscardPolicy.New,
      // As for tasks: publishing a webhook that is in the queue already changes nothing.
      max_msgs_per_subject: 1,
      discard_new_per_subject: true,
      max_msgs: MAX_WEBHOOKS,
      max_msg_size: 1024,
      // Longer than the pauses between all attempts. The record decides when a webhook is given up.
      max_age: nanos(3 * DAY),
      duplicate_window: nanos(120_000),
    },
    {
      ...replicated,
      name: DEAD_LETTER_STREAM,
      subjects: ['dead.>'],
      retention: RetentionPolicy.Limits,
      max_age: nanos(30 * DAY),
      max_bytes: share * 256 * 1024 * 1024,
      max_msgs_per_subject: 8,
    },
    {
      ...replicated,
      name: PREVIEW_STREAM,
      subjects: [previewSubject('*')],
      storage: reproducibleStorage(settings),
      max_msgs_per_subject: 1,
      max_age: nanos(3_600_000),
      max_bytes: share * 64 * 1024 * 1024,
    },
    {
      ...replicated,
      name: CANARY_STREAM,
      subjects: [canarySubject('*')],
      max_msgs_per_subject: 1,
      max_age: nanos(3_600_000),
    },
  ];
}

/** The storage of data that can be made again. */
const reproducibleStorage = (settings: PipelineSettings): StorageType =>
  keepsInMemory(settings) ? StorageType.Memory : StorageType.File;

const keyValues = (bucket: string, history: number, base: Partial<StreamConfig>): Config => ({
  ...base,
  name: `KV_${bucket}`,
  subjects: [`$KV.${bucket}.>`],
  max_msgs_per_subject: history,
  discard: DiscardPolicy.New,
  allow_rollup_hdrs: true,
  deny_delete: true,
  // A direct read may come from a replica that lags, and a change would be attempted on an old revision.
  allow_direct: false,
});

function objects(lifetime: Lifetime, settings: PipelineSettings): Config {
  const frames = lifetime === Lifetime.FRAMES;
  // A limit is reserved on the disk. Without one, as for what is in S3, the bucket keeps what was written before.
  const mebibytes = bucketLimit(lifetime, settings);
  const subject = `$O.${bucketName(lifetime)}`;
  return {
    name: bucketStream(lifetime),
    subjects: [`${subject}.C.>`, `${subject}.M.>`],
    num_replicas: settings.NATS_REPLICAS,
    storage: frames ? reproducibleStorage(settings) : StorageType.File,
    discard: DiscardPolicy.New,
    allow_rollup_hdrs: true,
    allow_direct: true,
    max_bytes: mebibytes > 0 ? mebibytes * 1024 * 1024 : -1,
  };
}

const webhookConsumerConfig = (settings: PipelineSettings) => ({
  durable_name: WEBHOOK_CONSUMER,
  filter_subject: 'webhook.>',
  ack_policy: AckPolicy.Explicit,
  deliver_policy: DeliverPolicy.All,
  ack_wait: nanos(settings.ACK_WAIT_MS),
  // Attempts are counted in the record.
  max_deliver: -1,
  // Webhooks that wait for their next attempt count as pending. They must not keep others from being delivered.
  max_ack_pending: MAX_WEBHOOKS,
});

const consumerConfig = (stage: PipelineStage, model: ModelRef, settings: PipelineSettings) => ({
  durable_name: workConsumer(stage, model),
  filter_subject: workFilter(stage, model),
  ack_policy: AckPolicy.Explicit,
  deliver_policy: DeliverPolicy.All,
  // Short, because it is the time to recover from a crash. Workers send heartbeats.
  ack_wait: nanos(settings.ACK_WAIT_MS),
  // Attempts are counted in the record. A limit here would leave the message in the stream for ever.
  max_deliver: -1,
  max_ack_pending: 1_000,
});

async function ensureStream(manager: JetStreamManager, config: Config): Promise<void> {
  const { name, ...rest } = config;
  const isCreated = await exists(() => manager.streams.info(name));
  const { config: made } = isCreated ? await manager.streams.update(name, rest) : await manager.streams.add(config);
  for (const [key, value] of Object.entries(config)) {
    // An older server silently drops fields that it does not know.
    const kept = made[key as keyof StreamConfig];
    if (JSON.stringify(kept) !== JSON.stringify(value)) {
      throw new ProvisionError(`the server keeps ${key} of the stream ${name} as ${JSON.stringify(kept)}`);
    }
  }
}

async function ensureConsumer(
  manager: JetStreamManager,
  stream: string,
  config: Partial<ConsumerConfig> & { readonly durable_name: string },
): Promise<void> {
  const { durable_name, ack_wait, max_ack_pending, max_deliver, filter_subject } = config;
  if (await exists(() => manager.consumers.info(stream, durable_name))) {
    const changes = { ack_wait, max_ack_pending, max_deliver, filter_subject } as Partial<ConsumerConfig>;
    await manager.consumers.update(stream, durable_name, changes);
  } else await manager.consumers.add(stream, config);
}

/** Whether a look-up succeeds. */
async function exists(look: () => Promise<unknown>): Promise<boolean> {
  try {
    await look();
    return true;
  } catch (error) {
    if (error instanceof JetStreamApiError && error.status === 404) return false;
    throw error;
  }
}
