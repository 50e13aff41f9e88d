import packageJson from '../../package.json' with { type: 'json' };
import type { ModelRef } from '../names.ts';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** From a millisecond to half an hour. */
const SECONDS = [0.001, 0.005, 0.02, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800];

/** What a service counts, in Prometheus' format. */
export type Metrics = ReturnType<typeof createMetrics>;

/** Told of what becomes of a stage's graphs. */
export interface ModelHooks {
  readonly onLoad: (seconds: number) => void;
  readonly onCrash: () => void;
}

/** Bytes of a GPU's memory. */
export interface GpuMemory {
  readonly gpu: string;
  readonly used: number;
  readonly total: number;
}

/** Metrics of one process; `registry.metrics()` is what its metrics address answers. */
export function createMetrics(service: string) {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const loadSeconds = new Histogram({
    name: 'cinematica_model_load_seconds',
    help: 'Loading a graph of the model with its weights, by stage.',
    labelNames: ['stage'],
    buckets: SECONDS,
    registers,
  });
  const crashes = new Counter({
    name: 'cinematica_child_restarts_total',
    help: 'Computing processes that ended in the middle of a task, and had to be started again.',
    labelNames: ['stage'],
    registers,
  });
  const videos = new Counter({
    name: 'cinematica_jobs_total',
    help: 'Videos that ended, by outcome: done, failed, cancelled.',
    labelNames: ['outcome'],
    registers,
  });
  const stageSeconds = new Histogram({
    name: 'cinematica_stage_duration_seconds',
    help: 'From a claim to its end, by outcome: done, failed, lost, released, remake.',
    labelNames: ['stage', 'outcome'],
    buckets: SECONDS,
    registers,
  });
  const queueSeconds = new Histogram({
    name: 'cinematica_queue_wait_seconds',
    help: 'From the moment that a task can begin to its claim.',
    labelNames: ['stage'],
    buckets: SECONDS,
    registers,
  });
  const steps = new Counter({
    name: 'cinematica_steps_total',
    help: 'Signs of progress of a stage: steps, frames, parts.',
    labelNames: ['stage'],
    registers,
  });
  const redeliveries = new Counter({
    name: 'cinematica_redeliveries_total',
    help: 'Messages that came a second time or more.',
    labelNames: ['stage'],
    registers,
  });
  return {
    ...{ registry, videos, stageSeconds, queueSeconds, steps, redeliveries },
    denoiseStepSeconds: new Histogram({
      name: 'cinematica_denoise_step_seconds',
      help: 'A denoising step.',
      buckets: SECONDS,
      registers,
    }),
    artifactBytes: new Counter({
      name: 'cinematica_artifact_bytes_total',
      help: 'Bytes of artifacts, by direction: written, read.',
      labelNames: ['stage', 'direction'],
      registers,
    }),
    canaryFailures: new Gauge({
      name: 'cinematica_canary_failures',
      help: 'Canaries in a row that did not come back from NATS.',
      registers,
    }),

    /** What this process is. @param stage empty for one that is none. */
    about({ stage, model, provider }: About): void {
      const build = new Gauge({
        name: 'cinematica_build_info',
        help: 'What runs here; always 1.',
        labelNames: ['version', 'stage', 'model', 'model_digest', 'provider'],
        registers,
      });
      const { version } = packageJson;
      build.set({ version, stage, model: model.name, model_digest: model.digest, provider: provider ?? 'none' }, 1);
      // What has not happened yet is shown as 0: Prometheus sees no first time of what was not there before.
      for (const outcome of ['done', 'failed', 'cancelled']) videos.inc({ outcome }, 0);
      if (stage === '') return;
      for (const outcome of ['done', 'failed']) stageSeconds.zero({ stage, outcome });
      queueSeconds.zero({ stage });
      steps.inc({ stage }, 0);
      redeliveries.inc({ stage }, 0);
      if (provider === null) return;
      crashes.inc({ stage }, 0);
      loadSeconds.zero({ stage });
    },

    modelHooks: (stage: string): ModelHooks => ({
      onLoad: (seconds) => loadSeconds.observe({ stage }, seconds),
      onCrash: () => crashes.inc({ stage }),
    }),

    /** @param backlog tasks by stage. */
    watchBacklog(backlog: () => Readonly<Record<string, number>>): void {
      new Gauge({
        name: 'cinematica_queue_depth',
        help: 'Tasks that are not done of all videos that are not finished: the whole backlog.',
        labelNames: ['stage'],
        registers,
        collect() {
          for (const [stage, tasks] of Object.entries(backlog())) this.set({ stage }, tasks);
        },
      });
    },

    /** @param stats of the computing process, bytes. */
    watchChild(stats: () => { readonly rss: number; readonly peakRss: number }): void {
      new Gauge({
        name: 'cinematica_child_memory_bytes',
        help: 'Resident memory of the computing process, mapped weights included, by kind: now, peak.',
        labelNames: ['kind'],
        registers,
        collect() {
          const { rss, peakRss } = stats();
          this.set({ kind: 'now' }, rss);
          this.set({ kind: 'peak' }, peakRss);
        },
      });
    },

    /** Nothing is shown where it can't be read. @param read null for that. */
    async watchGpuMemory(read: () => Promise<readonly GpuMemory[] | null>): Promise<void> {
      if (!(await read())) return;
      new Gauge({
        name: 'cinematica_gpu_memory_bytes',
        help: 'Memory of the GPUs that this process sees, whoever uses it, by kind: used, total.',
        labelNames: ['gpu', 'kind'],
        registers,
        async collect() {
          for (const { gpu, used, total } of (await read()) ?? []) {
            this.set({ gpu, kind: 'used' }, used);
            this.set({ gpu, kind: 'total' }, total);
          }
        },
      });
    },
  };
}

interface About {
  readonly stage: string;
  readonly model: ModelRef;
  /** What it computes with; null where it does not. */
  readonly provider: string | null;
}
