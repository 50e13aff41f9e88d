import { EventEmitter } from 'node:events';
import type { StageReport } from '../domain/messages.ts';
import type { StageReports } from '../domain/ports/stage-reports.ts';

interface Latest {
  readonly report: StageReport;
  readonly time: number;
}

/** The open calls of the processes that have reported lately. */
export interface OpenCalls {
  /** @param time when the report was sent. Milliseconds since 1970. */
  record(report: StageReport, time: number): void;
  readonly sum: StageReports['openCalls'];
  readonly subscribe: StageReports['subscribe'];
}

/** @param aliveMs a process that has not reported for this long has ended. Milliseconds. */
export function createOpenCalls(aliveMs: number): OpenCalls {
  const latest = new Map<string, Latest>();
  const changes = new EventEmitter().setMaxListeners(0);

  function forgetEnded(): void {
    const oldest = Date.now() - aliveMs;
    for (const [processId, { time }] of latest) if (time < oldest) latest.delete(processId);
  }

  return {
    record(report, time) {
      // A process of an earlier version does not count its calls.
      if (report.processId === '') return;
      forgetEnded();
      const before = latest.get(report.processId)?.report.openCalls ?? 0;
      latest.set(report.processId, { report, time });
      if (report.openCalls !== before) changes.emit('change');
    },
    sum(stage, { name, digest } = {}) {
      forgetEnded();
      let sum = 0;
      for (const { report } of latest.values()) {
        if (report.stage !== stage) continue;
        if (name !== undefined && report.model !== name) continue;
        if (digest !== undefined && report.modelDigest !== digest) continue;
        sum += report.openCalls;
      }
      return sum;
    },
    subscribe(listener) {
      changes.on('change', listener);
      return () => void changes.off('change', listener);
    },
  };
}
