import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Lifetime } from '../domain/messages.ts';
import type { PipelineSettings } from '../domain/settings.ts';
import { bucketName, LIFETIMES, STAGES } from '../domain/stages.ts';
import { withTranslatedErrors } from './errors.ts';
import {
  bucketStream,
  DEAD_LETTER_STREAM,
  PREVIEW_STREAM,
  RECORDS_STREAM,
  WEBHOOK_STREAM,
  workStream,
} from './names.ts';

/** How full a stream of NATS is. */
export interface StreamUse {
  readonly stream: string;
  /** The name of the bucket of artifacts that the stream is; null for any other stream. */
  readonly bucket: string | null;
  readonly bytes: number;
  readonly messages: number;
  /** Objects of a bucket; 0 for any other stream. */
  readonly objects: number;
  /** null without a limit. */
  readonly maxBytes: number | null;
  readonly maxMessages: number | null;
}

const OTHER_STREAMS = [RECORDS_STREAM, ...STAGES.map(workStream), WEBHOOK_STREAM, DEAD_LETTER_STREAM, PREVIEW_STREAM];

/**
 * Looks up how full the streams are, for metrics.
 * @throws UnavailableError
 */
export async function readStorageUse(
  nats: NatsConnection,
  { REQUEST_TIMEOUT_MS }: Pick<PipelineSettings, 'REQUEST_TIMEOUT_MS'>,
): Promise<StreamUse[]> {
  const manager = await jetstreamManager(nats, { timeout: REQUEST_TIMEOUT_MS, checkAPI: false });
  const look = async (stream: string, lifetime: Lifetime | null): Promise<StreamUse> => {
    const { config, state } = await withTranslatedErrors(`looking up ${stream}`, () => manager.streams.info(stream));
    return {
      stream,
      bucket: lifetime === null ? null : bucketName(lifetime),
      bytes: state.bytes,
      messages: state.messages,
      // Each object has one subject for its metadata and one for its chunks.
      objects: lifetime === null ? 0 : Math.floor((state.num_subjects ?? 0) / 2),
      maxBytes: config.max_bytes > 0 ? config.max_bytes : null,
      maxMessages: config.max_msgs > 0 ? config.max_msgs : null,
    };
  };
  return Promise.all([
    ...LIFETIMES.map((lifetime) => look(bucketStream(lifetime), lifetime)),
    ...OTHER_STREAMS.map((stream) => look(stream, null)),
  ]);
}
