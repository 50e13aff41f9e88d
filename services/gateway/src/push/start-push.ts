import {
  createHousekeepingPorts,
  createNotificationRequests,
  isTerminal,
  runAsLeader,
  UnavailableError,
} from '@cinematica/pipeline';
import type { Log, Metrics, NatsConnection, VideoRef } from '@cinematica/pipeline';
import { randomUUID } from 'node:crypto';
import { Counter } from 'prom-client';
import type { Config } from '../config.ts';
import type { PipelineView } from '../start-pipeline-view.ts';
import { deliverNotifications } from './deliver-notifications.ts';
import { createPushTransport } from './push-transport.ts';
import type { PushServiceParts } from './push-service.ts';
import { vapidKeys } from './vapid.ts';

/** The dependencies of push notifications. All of them are required. */
export interface PushParts {
  readonly config: Config;
  readonly nats: NatsConnection;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly view: Pick<PipelineView, 'table' | 'records'>;
}

/** The parts of the service, and the public key for browsers. */
export interface Push extends PushServiceParts {
  /** Empty when the system sends no notifications. */
  readonly publicKey: Uint8Array;
}

/** How often requests are looked through whose notification failed, or whose video ended before them. Milliseconds. */
const SWEEP_MS = 30_000;

/**
 * Starts sending notifications, in one gateway of many. Without VAPID_PRIVATE_KEY none are sent.
 * @param cleanup receives what ends it.
 * @throws Error that names VAPID_PRIVATE_KEY when it is invalid.
 */
export function startPush({ config, nats, log, metrics, view }: PushParts, cleanup: AsyncDisposableStack): Push {
  const { table, records } = view;
  const requests = createNotificationRequests(nats, config);
  if (config.VAPID_PRIVATE_KEY === undefined) {
    return { publicKey: new Uint8Array(), records, requests, transport: null, onRequest: () => undefined };
  }
  const keys = vapidKeys(config.VAPID_PRIVATE_KEY);
  const transport = createPushTransport(config.PUSH_HOSTS);
  const counter = new Counter({
    name: 'cinematica_notifications_total',
    help: 'Notifications for devices, by outcome.',
    labelNames: ['outcome'],
    registers: [metrics.registry],
  });
  const options = {
    requests,
    table,
    transport,
    keys,
    subject: config.VAPID_SUBJECT,
    log,
    onSent: (outcome: string) => counter.inc({ outcome }),
  };
  let sweepNow: () => void = () => undefined;

  async function lead(leading: AbortSignal): Promise<void> {
    /** Videos that have ended since the last round. */
    let ended = new Map<string, VideoRef>();
    let wake: () => void = () => undefined;
    let sweepAt = 0;
    const unsubscribe = table.subscribe(({ videoId, stored }) => {
      if (!stored || !isTerminal(stored.record)) return;
      ended.set(videoId, stored.record);
      wake();
    });
    sweepNow = () => {
      sweepAt = 0;
      wake();
    };
    const isOver = () => leading.aborted;
    const abort = () => wake();
    leading.addEventListener('abort', abort, { once: true });
    try {
      while (!isOver()) {
        const round = ended;
        ended = new Map();
        try {
          if (Date.now() >= sweepAt) {
            sweepAt = Date.now() + SWEEP_MS;
            await deliverNotifications(options, leading);
          } else for (const video of round.values()) await deliverNotifications(options, leading, video);
        } catch (error) {
          if (!(error instanceof UnavailableError)) log.error('notifications could not be sent', error);
        }
        if (isOver() || ended.size > 0 || sweepAt === 0) continue;
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, Math.max(0, sweepAt - Date.now()));
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
    } finally {
      unsubscribe();
      leading.removeEventListener('abort', abort);
      sweepNow = () => undefined;
    }
  }

  const stopping = new AbortController();
  const { leases } = createHousekeepingPorts(nats, config, log);
  const leadership = { leases, role: 'push', holder: randomUUID(), leaseDuration: config.LEASE_MS, log, lead };
  const running = runAsLeader(leadership, stopping.signal).catch((error: unknown) =>
    log.error('sending notifications failed', error),
  );
  cleanup.defer(() => {
    stopping.abort();
    return running;
  });
  const publicKey = new Uint8Array(Buffer.from(keys.publicKey, 'base64url'));
  return { publicKey, records, requests, transport, onRequest: () => sweepNow() };
}
