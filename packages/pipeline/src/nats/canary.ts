import { startProbe } from '@cinematica/concurrency';
import type { Probe } from '@cinematica/concurrency';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { CANARY_STREAM, canarySubject } from './names.ts';
import type { PipelineSettings } from '../domain/settings.ts';

/**
 * A message that is written to a stream and read back at intervals. It shows whether NATS stores and delivers messages,
 * which its own `/healthz` does not: a server with a full disk still reports "ok".
 */
export type Canary = Probe;

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
  const subject = canarySubject(service);
  const stream = jetstream(nats, { timeout: CANARY_MS });

  async function sendCanary(): Promise<void> {
    const manager = await jetstreamManager(nats, { timeout: CANARY_MS, checkAPI: false });
    const { seq } = await stream.publish(subject, content(), { timeout: CANARY_MS });
    const back = await manager.streams.getMessage(CANARY_STREAM, { last_by_subj: subject });
    // Another process of the service may have sent one in between, so a higher sequence is fine.
    if (!back || back.seq < seq) throw new Error('the canary did not come back');
  }

  return startProbe({ check: sendCanary, intervalMs: CANARY_MS, onChange });
}
