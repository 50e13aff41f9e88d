import { bucketName, describeError, LIFETIMES, StorageFullError } from '@cinematica/pipeline';
import type { Artifacts, Log, Metrics, StreamUse } from '@cinematica/pipeline';
import { Counter, Gauge } from 'prom-client';

/** How long one look at NATS serves: the gauges of one scrape share it. Milliseconds. */
const SHARED_MS = 1_000;

interface ShownUse extends StreamUse {
  readonly store: string;
}

interface StorageGauge {
  readonly name: string;
  readonly help: string;
  /** @returns null when the stream has no such number. */
  readonly value: (use: StreamUse) => number | null;
}

/** Of the buckets of artifacts. */
const BUCKETS: readonly StorageGauge[] = [
  { name: 'cinematica_storage_bytes', help: 'Bytes of artifacts, by bucket and store.', value: ({ bytes }) => bytes },
  { name: 'cinematica_storage_objects', help: 'Artifacts, by bucket and store.', value: ({ objects }) => objects },
  {
    name: 'cinematica_storage_limit_bytes',
    help: 'The limit of a bucket; absent when it has none.',
    value: ({ maxBytes }) => maxBytes,
  },
];

/** Of all other streams. */
const STREAMS: readonly StorageGauge[] = [
  { name: 'cinematica_stream_bytes', help: 'Bytes of a stream.', value: ({ bytes }) => bytes },
  { name: 'cinematica_stream_messages', help: 'Messages of a stream.', value: ({ messages }) => messages },
  {
    name: 'cinematica_stream_limit_bytes',
    help: 'The limit of the bytes of a stream; absent when it has none.',
    value: ({ maxBytes }) => maxBytes,
  },
  {
    name: 'cinematica_stream_limit_messages',
    help: 'The limit of the messages of a stream; absent when it has none.',
    value: ({ maxMessages }) => maxMessages,
  },
];

/**
 * Publishes how full the storage is, read from NATS at each scrape. Nothing is published while NATS does not answer, so that old
 * numbers are not taken for new ones. How much is in S3 is known to the gateway that leads, from its last collection of garbage.
 */
export function watchStorage(
  { registry }: Metrics,
  read: () => Promise<readonly StreamUse[]>,
  artifacts: Pick<Artifacts, 'listed'>,
  log: Log,
): void {
  let latest: Promise<readonly ShownUse[]> = Promise.resolve([]);
  let readAt = 0;
  const readBoth = async (): Promise<readonly ShownUse[]> => {
    const inNats = (await read()).map((use) => ({ ...use, store: 'nats' }));
    const inS3 = LIFETIMES.flatMap((lifetime) => {
      const amount = artifacts.listed(lifetime);
      const bucket = bucketName(lifetime);
      const none = { stream: '', messages: 0, maxBytes: null, maxMessages: null };
      return amount === null ? [] : [{ ...none, ...amount, bucket, store: 's3' }];
    });
    return [...inNats, ...inS3];
  };
  const shared = (): Promise<readonly ShownUse[]> => {
    if (Date.now() - readAt < SHARED_MS) return latest;
    readAt = Date.now();
    latest = readBoth().catch((error: unknown) => {
      log.warn('the use of the storage could not be read', { reason: describeError(error) });
      return [];
    });
    return latest;
  };

  const publish = ({ name, help, value }: StorageGauge, labelsOf: (use: ShownUse) => Record<string, string> | null) => {
    new Gauge({
      name,
      help,
      labelNames: ['bucket', 'store', 'stream'],
      registers: [registry],
      async collect() {
        const uses = await shared();
        this.reset();
        for (const use of uses) {
          const [labels, number] = [labelsOf(use), value(use)];
          if (labels !== null && number !== null) this.set(labels, number);
        }
      },
    });
  };
  for (const each of BUCKETS) publish(each, ({ bucket, store }) => (bucket === null ? null : { bucket, store }));
  for (const each of STREAMS) publish(each, ({ bucket, stream }) => (bucket === null ? { stream } : null));
}

/** Counts and logs refusals because there is no room for the files of videos. Callers do not learn which bucket is full. */
export function countRefusals(artifacts: Artifacts, { registry }: Metrics, log: Log): Artifacts {
  const refusals = new Counter({
    name: 'cinematica_storage_refusals_total',
    help: 'Refusals because there is no room for the files of videos: one for a whole request, or one for a video of it.',
    registers: [registry],
  });
  return {
    ...artifacts,
    async requireRoom(mediaBytes) {
      try {
        await artifacts.requireRoom(mediaBytes);
      } catch (error) {
        if (error instanceof StorageFullError) {
          refusals.inc();
          log.warn('video refused: there is no room for its files', { reason: error.message });
        }
        throw error;
      }
    },
  };
}
