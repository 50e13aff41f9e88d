import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { DeliverPolicy, jetstream } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { createHash } from 'node:crypto';
import { NotificationRequestSchema } from '../domain/messages.ts';
import type { NotificationRequest } from '../domain/messages.ts';
import type { NotificationRequests } from '../domain/ports/notification-requests.ts';
import type { PipelineSettings } from '../domain/settings.ts';
import { lazyBucket } from './bucket.ts';
import { withTranslatedErrors } from './errors.ts';
import { notificationKey, notificationKeys, RECORDS_BUCKET } from './names.ts';
import { isMarker, storedMessages } from './stored-messages.ts';

/** Identifies a device: its endpoint contains characters that keys cannot have. */
const deviceOf = (endpoint: string): string => createHash('sha256').update(endpoint).digest('base64url').slice(0, 22);

/** Requests for notifications, as keys of the bucket of the records. */
export function createNotificationRequests(
  nats: NatsConnection,
  settings: Pick<PipelineSettings, 'REQUEST_TIMEOUT_MS'>,
): NotificationRequests {
  const open = lazyBucket(nats, RECORDS_BUCKET, settings);
  const client = jetstream(nats, { timeout: settings.REQUEST_TIMEOUT_MS });

  const list = (keys: string): Promise<NotificationRequest[]> =>
    withTranslatedErrors('listing requests for notifications', async () => {
      const found: NotificationRequest[] = [];
      for await (const message of storedMessages(client, keys, { deliver_policy: DeliverPolicy.LastPerSubject })) {
        if (!isMarker(message)) found.push(fromBinary(NotificationRequestSchema, message.data));
      }
      return found;
    });
  const remove = async (owner: string, videoId: string, device: string): Promise<void> => {
    const bucket = await open();
    const key = notificationKey(owner, videoId, device);
    await withTranslatedErrors('removing a request for a notification', async () => {
      // Purging a key that does not exist would store a marker for it.
      if ((await bucket.get(key))?.operation === 'PUT') await bucket.purge(key);
    });
  };

  return {
    async put(request) {
      const bucket = await open();
      const key = notificationKey(request.owner, request.videoId, deviceOf(request.endpoint));
      const value = toBinary(NotificationRequestSchema, request);
      await withTranslatedErrors('storing a request for a notification', () => bucket.put(key, value));
    },
    list: (video) => list(notificationKeys(video?.owner, video?.videoId)),
    remove: ({ owner, videoId }, endpoint) => remove(owner, videoId, deviceOf(endpoint)),
    async removeDevice(endpoint) {
      const device = deviceOf(endpoint);
      for (const { owner, videoId } of await list(notificationKeys(undefined, undefined, device))) {
        await remove(owner, videoId, device);
      }
    },
  };
}
