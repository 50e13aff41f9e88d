import { fromBinary } from '@bufbuild/protobuf';
import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { StageReportSchema } from '../messages.ts';
import type { StageReport } from '../messages.ts';
import { CANARY_STREAM, canarySubject } from '../names.ts';
import type { ModelRef } from '../names.ts';
import type { PipelineSettings } from '../settings.ts';
import { reaching } from '../unavailable.ts';

/** What the stages' processes tell of themselves, with every canary. */
export interface StageReports {
  /**
   * What the stages compute a model with, sorted; of a stage that has no process now, what its last one did: it is only
   * asleep.
   */
  providers(model: ModelRef): string[];
  close(): void;
}

/** The services that compute with a model. */
const SERVICES = ['encoder', 'denoiser', 'decoder'];
/** A process whose last canaries all went unheard is gone. */
const CANARIES_MISSED = 5;

/** What a canary says; nothing, where it is one that carries nothing, or of a service that is older or newer. */
function readReport(data: Uint8Array): StageReport | null {
  if (data.length === 0) return null;
  try {
    return fromBinary(StageReportSchema, data);
  } catch {
    return null;
  }
}

/** Begins to listen. @returns once the last report of each stage has been read. @throws UnavailableError */
export async function openStageReports(
  nats: NatsConnection,
  { CANARY_MS, REQUEST_TIMEOUT_MS: timeout }: Pick<PipelineSettings, 'CANARY_MS' | 'REQUEST_TIMEOUT_MS'>,
): Promise<StageReports> {
  /** By subject, and by what is said: when it was said last. */
  const heard = new Map<string, Map<string, { readonly report: StageReport; readonly time: number }>>();

  function take(subject: string, data: Uint8Array, time: number): void {
    const report = readReport(data);
    if (!report) return;
    const said = heard.get(subject) ?? new Map<string, { report: StageReport; time: number }>();
    heard.set(subject, said.set(`${report.model} ${report.modelDigest} ${report.executionProvider}`, { report, time }));
  }

  const subscription = nats.subscribe(canarySubject('*'), {
    callback: (error, { subject, data }) => {
      if (!error) take(subject, data, Date.now());
    },
  });
  const manager = await jetstreamManager(nats, { timeout, checkAPI: false });
  await reaching('reading what the stages are', async () => {
    for (const subject of SERVICES.map(canarySubject)) {
      const last = await manager.streams.getMessage(CANARY_STREAM, { last_by_subj: subject });
      if (last && !heard.has(subject)) take(subject, last.data, last.time.getTime());
    }
  });

  return {
    providers({ name, digest }) {
      const alive = Date.now() - CANARIES_MISSED * CANARY_MS;
      const found = new Set<string>();
      for (const said of heard.values()) {
        const own = [...said.values()].filter(
          ({ report: { model, modelDigest } }) => model === name && modelDigest === digest,
        );
        const latest = Math.max(...own.map(({ time }) => time));
        for (const { report, time } of own) if (time >= Math.min(alive, latest)) found.add(report.executionProvider);
      }
      return [...found].sort();
    },
    close: () => subscription.unsubscribe(),
  };
}
