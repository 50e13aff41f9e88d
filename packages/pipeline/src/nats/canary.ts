import { abortable } from '@cinematica/concurrency';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { setTimeout as delay } from 'node:timers/promises';
import { CANARY_STREAM, canarySubject } from './names.ts';
import type { PipelineSettings } from '../domain/settings.ts';

/**
 * A message that is written to a stream and read back at intervals. It shows whether NATS stores and delivers messages,
 * which its own `/healthz` does not: a server with a full disk still reports "ok".
 */
export interface Canary {
  /** The number of consecutive canaries that failed. From two on the service is not ready. */
  readonly failures: number;
  readonly healthy: boolean;
  /** Resolves after the first canary that succeeds. @throws the signal's reason. */
  ready(signal?: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/**
 * @param onChange called with the number of consecutive failures whenever it changes.
 * @param content creates the payload of a canary, for other services to read; empty by default.
 */
export function startCanary(
  nats: NatsConnection,
  service: string,
  { CANARY_MS }: Pick<PipelineSettings, 'CANARY_MS'>,
  onChange: (failures: number) => void = () => undefined,
  content: () => Uint8Array = () => new Uint8Array(),
): Canary {
  const ended = new AbortController();
  const subject = canarySubject(service);
  const stream = jetstream(nats, { timeout: CANARY_MS });
  // The service is not ready until the first canary succeeds.
  let failures = 2;
  let waiting: (() => void)[] = [];

  async function sendCanary(): Promise<void> {
    const manager = await jetstreamManager(nats, { timeout: CANARY_MS, checkAPI: false });
    const { seq } = await stream.publish(subject, content(), { timeout: CANARY_MS });
    const back = await manager.streams.getMessage(CANARY_STREAM, { last_by_subj: subject });
    // Another process of the service may have sent one in between, so a higher sequence is fine.
    if (!back || back.seq < seq) throw new Error('the canary did not come back');
  }

  async function loop(): Promise<void> {
    while (!ended.signal.aborted) {
      const before = failures;
      try {
        await sendCanary();
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
      await abortable(new Promise<void>((resolve) => waiting.push(resolve)), signal);
    },
    async close() {
      ended.abort();
      await looping;
    },
  };
}
