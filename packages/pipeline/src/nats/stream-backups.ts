import { JetStreamApiError, jetstreamManager } from '@nats-io/jetstream';
import { createInbox } from '@nats-io/transport-node';
import type { Msg, NatsConnection, Subscription } from '@nats-io/transport-node';
import { z } from 'zod';
import { SnapshotError } from '../domain/ports/stream-backups.ts';
import type { StreamBackups } from '../domain/ports/stream-backups.ts';
import type { PipelineSettings } from '../domain/settings.ts';
import { inboxPrefix } from './access/allow-lists.ts';
import { UnavailableError } from '../domain/errors.ts';
import { translateError, withTranslatedErrors } from './errors.ts';

/** The most that the server puts into a message of a snapshot, and that is sent to it in one. Bytes. */
const PART_BYTES = 256 * 1024;
/** How long the server may take for the next part, and to accept one. Milliseconds. */
const STALL_MS = 30_000;
/** The longest that the server may check a whole stream before a snapshot, or unpack one after its last part. Milliseconds. */
const WHOLE_STREAM_MS = 4 * 3_600_000;
/** The least that it checks or unpacks in a millisecond, with a slow disk. Bytes. */
const SLOWEST_BYTES_PER_MS = 5_000;

/** How long the server may work on a stream. Only the end of this time shows that an answer was lost. Milliseconds. */
const limitFor = (bytes: number): number => Math.min(WHOLE_STREAM_MS, STALL_MS + bytes / SLOWEST_BYTES_PER_MS);

const sizeSchema = z.looseObject({ messages: z.number(), bytes: z.number(), last_seq: z.number() });
/** The description of a stream in a snapshot. */
export const streamDescriptionSchema = z.object({
  config: z.looseObject({ name: z.string().min(1) }),
  state: sizeSchema,
});
const failed = z.object({ error: z.object({ code: z.number(), err_code: z.number(), description: z.string() }) });

/**
 * Snapshots over the JetStream API, which the client does not cover.
 * @param service the name that the connection was opened with.
 */
export async function openStreamBackups(
  nats: NatsConnection,
  service: string,
  settings: Pick<PipelineSettings, 'REQUEST_TIMEOUT_MS'>,
): Promise<StreamBackups> {
  const timeout = settings.REQUEST_TIMEOUT_MS;
  // `checkAPI` would look up the account, which the users have no permission for.
  const { streams } = await jetstreamManager(nats, { timeout, checkAPI: false });

  /** @throws UnavailableError when the server may accept it later, SnapshotError with its reason otherwise. */
  async function ask<T>(
    schema: z.ZodType<T>,
    activity: string,
    subject: string,
    body: string,
    limit: number,
  ): Promise<T> {
    const answer = await withTranslatedErrors(activity, () => nats.request(subject, body, { timeout: limit }));
    const value: unknown = answer.json();
    const refusal = failed.safeParse(value);
    if (refusal.success) throw refused(activity, refusal.data.error);
    return schema.parse(value);
  }

  return {
    async size(stream) {
      try {
        return (await withTranslatedErrors(`looking up ${stream}`, () => streams.info(stream))).state;
      } catch (error) {
        if (error instanceof JetStreamApiError && error.status === 404) return null;
        throw error;
      }
    },

    async snapshot(stream, write) {
      const inbox = createInbox(inboxPrefix(service));
      const parts = nats.subscribe(inbox);
      try {
        const activity = `taking a snapshot of ${stream}`;
        const { state } = await withTranslatedErrors(activity, () => streams.info(stream));
        const request = JSON.stringify({ deliver_subject: inbox, chunk_size: PART_BYTES, jsck: true });
        const description = await ask(
          streamDescriptionSchema,
          activity,
          `$JS.API.STREAM.SNAPSHOT.${stream}`,
          request,
          limitFor(state.bytes),
        );
        for await (const part of untilStall(parts, activity)) {
          if (part.data.length === 0) {
            // The last message. Only a failure has a status other than 204, “no content”.
            const { code = 0, description: reason = '' } = part.headers ?? {};
            if (code >= 300) throw new SnapshotError(`${activity} failed: ${code} ${reason}`);
            return description;
          }
          await write(part.data);
          // The server sends the next parts only after earlier ones were acknowledged.
          part.respond();
        }
        throw new SnapshotError(`${activity} failed: the connection was closed`);
      } finally {
        parts.unsubscribe();
      }
    },

    async restore({ config, state }, parts, replicas) {
      const activity = `restoring ${config.name}`;
      const request = JSON.stringify({ config: { ...config, num_replicas: replicas }, state });
      const { deliver_subject: subject } = await ask(
        z.object({ deliver_subject: z.string() }),
        activity,
        `$JS.API.STREAM.RESTORE.${config.name}`,
        request,
        STALL_MS,
      );
      try {
        for await (const part of parts) {
          for (let from = 0; from < part.length; from += PART_BYTES) {
            const send = () => nats.request(subject, part.subarray(from, from + PART_BYTES), { timeout: STALL_MS });
            const answer = await withTranslatedErrors(activity, send);
            // An accepted part is answered by an empty message.
            const refusal = answer.data.length === 0 ? null : failed.safeParse(answer.json());
            if (refusal?.success) throw refused(activity, refusal.data.error);
          }
        }
        return (await ask(z.object({ state: sizeSchema }), activity, subject, '', limitFor(state.bytes))).state;
      } catch (error) {
        // Without an answer, the server may still be unpacking the stream, and would refuse another one of that name.
        if (!(error instanceof UnavailableError) || error.cause instanceof JetStreamApiError) throw error;
        throw new SnapshotError(`${activity} failed: ${error.message}`, { cause: error });
      }
    },

    async remove(stream) {
      await withTranslatedErrors(`removing ${stream}`, () => streams.delete(stream));
    },
  };
}

/** The error for a refusal of the JetStream API. */
function refused(activity: string, reason: z.output<typeof failed>['error']): Error {
  const cause = new JetStreamApiError(reason);
  const translated = translateError(cause, activity);
  if (translated instanceof UnavailableError) return translated;
  return new SnapshotError(`${activity} failed: ${reason.description}`, { cause });
}

/** The messages of a subscription. @throws SnapshotError when none arrives for {@link STALL_MS}. */
async function* untilStall(subscription: Subscription, activity: string): AsyncGenerator<Msg, void, undefined> {
  const stalled = new AbortController();
  const stall = (): void => {
    stalled.abort();
    subscription.unsubscribe();
  };
  let timer = setTimeout(stall, STALL_MS);
  try {
    for await (const message of subscription) {
      clearTimeout(timer);
      yield message;
      timer = setTimeout(stall, STALL_MS);
    }
  } finally {
    clearTimeout(timer);
  }
  if (stalled.signal.aborted)
    throw new SnapshotError(`${activity} failed: the server sent nothing for ${STALL_MS / 1000} s`);
}
