import { fromBinary } from '@bufbuild/protobuf';
import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { StageReportSchema } from '../domain/messages.ts';
import type { StageReport } from '../domain/messages.ts';
import type { ModelRef } from '../domain/model-ref.ts';
import type { StageReports } from '../domain/ports/stage-reports.ts';
import { CANARY_STREAM, canarySubject } from './names.ts';
import type { PipelineSettings } from '../domain/settings.ts';
import { withTranslatedErrors } from './errors.ts';
import { createOpenCalls } from './open-calls.ts';

/** The services whose stages compute with a model. */
const SERVICES = ['encoder', 'denoiser', 'decoder'];
/** A process is gone after this many canaries have not been received. */
const CANARIES_MISSED = 5;

/** @returns null when the canary carries no report, or one of an incompatible version. */
function readReport(data: Uint8Array): StageReport | null {
  if (data.length === 0) return null;
  try {
    return fromBinary(StageReportSchema, data);
  } catch {
    return null;
  }
}

/**
 * Subscribes to the reports of the stages.
 * @returns once the last report of each stage has been read.
 * @throws UnavailableError
 */
export async function openStageReports(
  nats: NatsConnection,
  { CANARY_MS, REQUEST_TIMEOUT_MS: timeout }: Pick<PipelineSettings, 'CANARY_MS' | 'REQUEST_TIMEOUT_MS'>,
): Promise<StageReports> {
  /** By subject and content: when a report was last received. */
  const received = new Map<string, Map<string, { readonly report: StageReport; readonly time: number }>>();

  const openCalls = createOpenCalls(CANARIES_MISSED * CANARY_MS);

  function record(subject: string, data: Uint8Array, time: number): void {
    const report = readReport(data);
    if (!report) return;
    openCalls.record(report, time);
    // A stage without a model computes with no provider.
    if (report.executionProvider === '') return;
    const reports = received.get(subject) ?? new Map<string, { report: StageReport; time: number }>();
    received.set(
      subject,
      reports.set(`${report.model} ${report.modelDigest} ${report.executionProvider}`, { report, time }),
    );
  }

  const subscription = nats.subscribe(canarySubject('*'), {
    callback: (error, { subject, data }) => {
      if (!error) record(subject, data, Date.now());
    },
  });
  const manager = await jetstreamManager(nats, { timeout, checkAPI: false });
  await withTranslatedErrors('reading the reports of the stages', async () => {
    for (const subject of SERVICES.map(canarySubject)) {
      const last = await manager.streams.getMessage(CANARY_STREAM, { last_by_subj: subject });
      if (last && !received.has(subject)) record(subject, last.data, last.time.getTime());
    }
  });

  /** The reports of running processes, or the last one of a stage that has none. */
  function reportsOf({ name, digest }: ModelRef): StageReport[] {
    const alive = Date.now() - CANARIES_MISSED * CANARY_MS;
    return [...received.values()].flatMap((reports) => {
      const own = [...reports.values()].filter(
        ({ report: { model, modelDigest } }) => model === name && modelDigest === digest,
      );
      const latest = Math.max(...own.map(({ time }) => time));
      return own.filter(({ time }) => time >= Math.min(alive, latest)).map(({ report }) => report);
    });
  }

  return {
    replacedOperators: (model) => [...new Set(reportsOf(model).flatMap((report) => report.replacedOperators))].sort(),
    providers: (model) => [...new Set(reportsOf(model).map(({ executionProvider }) => executionProvider))].sort(),
    speed(model) {
      const speeds = reportsOf(model).flatMap(({ flopsPerSecond }) => (flopsPerSecond > 0 ? flopsPerSecond : []));
      return speeds.length > 0 ? Math.min(...speeds) : null;
    },
    openCalls: openCalls.sum,
    subscribe: openCalls.subscribe,
    close: () => subscription.unsubscribe(),
  };
}
