import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { NotificationRequestSchema, UnknownVideoError } from '@cinematica/pipeline';
import type { NotificationRequests, Records } from '@cinematica/pipeline';
import { Code, refuse, refuseUntil } from '@cinematica/protocol';
import { ErrorReason } from '@cinematica/protocol/v1';
import type { PushService } from '@cinematica/protocol/v1';
import type { HandlerContext, ServiceImpl } from '@connectrpc/connect';
import { callerKey } from '../rpc/context.ts';
import { isPastPurgeTime } from '../videos/past-purge-time.ts';
import { idOf } from '../videos/to-video.ts';
import type { PushTransport } from './push-transport.ts';

/** The dependencies of the service. All of them are required. */
export interface PushServiceParts {
  readonly records: Pick<Records, 'get'>;
  readonly requests: NotificationRequests;
  /** Null when the system sends no notifications. */
  readonly transport: Pick<PushTransport, 'allows'> | null;
  /** Called for each request, so that it is answered at once when the video has ended already. */
  readonly onRequest: () => void;
}

/** The most devices that can wait for one video. Callers could fill the storage otherwise. */
const MAX_DEVICES = 16;

/** Implements `cinematica.v1.PushService`. */
export function createPushService(parts: PushServiceParts): ServiceImpl<typeof PushService> {
  const { records, requests, transport, onRequest } = parts;
  const refOf = (context: HandlerContext, name: string) => ({
    owner: context.values.get(callerKey).owner,
    videoId: idOf(name),
  });
  const unsupported = (message: string) => refuse(Code.FAILED_PRECONDITION, ErrorReason.PUSH_UNSUPPORTED, message);

  return {
    async requestNotification({ name, subscription, language }, context) {
      if (!transport) throw unsupported('This system sends no notifications: VAPID_PRIVATE_KEY is not set.');
      const { endpoint, p256dh, auth } = subscription!;
      if (!transport.allows(endpoint)) {
        throw unsupported('The endpoint of the subscription belongs to no push service that this system sends to.');
      }
      const ref = refOf(context, name);
      const stored = await records.get(ref);
      if (!stored || stored.record.purgeTime || isPastPurgeTime(stored.record)) {
        throw new UnknownVideoError('there is no such video');
      }
      const waiting = await requests.list(ref);
      if (waiting.length >= MAX_DEVICES && !waiting.some((known) => known.endpoint === endpoint)) {
        const message = `At most ${MAX_DEVICES} devices can wait for one video: withdraw the request of another one.`;
        throw refuseUntil(ErrorReason.TOO_MANY_REQUESTS, message, 60_000);
      }
      const createTime = timestampFromMs(Date.now());
      await requests.put(create(NotificationRequestSchema, { ...ref, endpoint, p256dh, auth, language, createTime }));
      onRequest();
      return {};
    },

    async withdrawNotification({ name, endpoint }, context) {
      await requests.remove(refOf(context, name), endpoint);
      return {};
    },
  };
}
