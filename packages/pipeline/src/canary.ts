import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { setTimeout as delay } from 'node:timers/promises';
import { CANARY_STREAM, canarySubject } from './names.ts';
import type { PipelineSettings } from './settings.ts';

/** Whether NATS really takes and gives messages. Its own `/healthz` says "ok" while it can't (reliability.md 0, 8). */
export interface Canary {
  /** Canaries in a row that did not come back; two are a service that is not ready. */
  readonly failures: number;
  readonly healthy: boolean;
  /** Resolves as soon as it is healthy. */
  ready(signal?: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/**
 * @param onChange told of every count of failures that is another than before.
 * @param content what each canary carries, for others to read.
 */
export function startCanary(
  nats: NatsConnection,
  service: string,
  { CANARY_MS }: Pick<PipelineSettings, 'CANARY_MS'>,
  onChange: (failures: number) => void = () => undefined,
  content: Uint8Array = new Uint8Array(),
): Canary {
  const ended = new AbortController();
  const subject = canarySubject(service);
  const stream = jetstream(nats, { timeout: CANARY_MS });
  // Not ready until the first one is back.
  let failures = 2;
  let waiting: (() => void)[] = [];

  async function fly(): Promise<void> {
    const manager = await jetstreamManager(nats, { timeout: CANARY_MS, checkAPI: false });
    const { seq } = await stream.publish(subject, content, { timeout: CANARY_MS });
    const back = await manager.streams.getMessage(CANARY_STREAM, { last_by_subj: subject });
    // Another process of the service may have sent one in between.
    if (!back || back.seq < seq) throw new Error('the canary did not come back');
  }

  async function loop(): Promise<void> {
    while (!ended.signal.aborted) {
      const before = failures;
      try {
        await fly();
        failures = 0;
        for (const resolve of waiting) resolve();
        waiting = [];
      } catch {
        failures++;
      }
      if (failures !== before) onChange(failures);
      await delay(CANARY_MS, undefined, { signal: ended.signal }).catch(() => undefined);
    }
  }
  const looping = loop();

  return {
    get failures() {
      return failures;
    },
    get healthy() {
      return failures < 2;
    },
    async ready(signal) {
      if (failures === 0) return;
      await new Promise<void>((resolve, reject) => {
        waiting.push(resolve);
        signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      });
    },
    async close() {
      ended.abort();
      await looping;
    },
  };
}
