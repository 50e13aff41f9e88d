import packageJson from '../../package.json' with { type: 'json' };
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** From a millisecond to half an hour. */
const SECONDS = [0.001, 0.005, 0.02, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800];

/** The metrics of a service, in Prometheus' format. */
export type Metrics = ReturnType<typeof createMetrics>;

/** Called when a graph of a stage's model was loaded, when its computing process crashed, and when a result is not finite. */
export interface ModelHooks {
  readonly onLoad: (seconds: number) => void;
  readonly onCrash: () => void;
  /** @param again whether it is computed again in another precision. */
  readonly onNotFinite: (part: string, again: boolean) => void;
}

/** The memory of a GPU, bytes. */
export interface GpuMemory {
  readonly gpu: string;
  readonly used: number;
  readonly total: number;
}

/** Creates the metrics of a process. `registry.metrics()` is the answer of its `/metrics`. */
export function createMetrics(service: string) {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const loadSeconds = new Histogram({
    name: 'cinematica_model_load_seconds',
    help: 'Time to load a graph of the model with its weights, by stage.',
    labelNames: ['stage'],
    buckets: SECONDS,
    registers,
  });
  const crashes = new Counter({
    name: 'cinematica_child_restarts_total',
    help: 'Restarts of the computing process after it crashed during a task.',
    labelNames: ['stage'],
    registers,
  });
  const notFinite = new Counter({
    name: 'cinematica_not_finite_total',
    help: 'Results of the model with NaN or infinity, by what follows: again (computed once more in float32), failed.',
    labelNames: ['stage', 'part', 'outcome'],
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
    help: 'Duration of attempts, from the claim to the end, by outcome: done, failed, lost, released, remake.',
    labelNames: ['stage', 'outcome'],
    buckets: SECONDS,
    registers,
  });
  const queueSeconds = new Histogram({
    name: 'cinematica_queue_wait_seconds',
    help: 'Time from the moment a task is ready to its claim.',
    labelNames: ['stage'],
    buckets: SECONDS,
    registers,
  });
  const steps = new Counter({
    name: 'cinematica_steps_total',
    help: 'Progress reports of a stage: steps, frames or parts done.',
    labelNames: ['stage'],
    registers,
  });
  const redeliveries = new Counter({
    name: 'cinematica_redeliveries_total',
    help: 'Task messages that were delivered again.',
    labelNames: ['stage'],
    registers,
  });
  const deadLetters = new Counter({
    name: 'cinematica_dead_letters_total',
    help: 'Tasks that were given up and stored in the stream DEAD.',
    labelNames: ['stage'],
    registers,
  });
  const noSpace = new Counter({
    name: 'cinematica_no_space_total',
    help: 'Attempts that found no space left on a device of this machine. Their tasks wait.',
    labelNames: ['stage'],
    registers,
  });
  const notices = new Counter({
    name: 'cinematica_notices_total',
    help: 'Tasks that are done but differ from their plan, by kind: not_finished (frames were encoded without finishing), not_marked, not_signed.',
    labelNames: ['notice'],
    registers,
  });
  return {
    registry,
    deadLetters,
    noSpace,
    notices,
    videos,
    stageSeconds,
    queueSeconds,
    steps,
    redeliveries,
    denoiseStepSeconds: new Histogram({
      name: 'cinematica_denoise_step_seconds',
      help: 'Duration of a denoising step.',
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
      help: 'Consecutive canary messages that NATS did not store and return.',
      registers,
    }),
    s3Failures: new Gauge({
      name: 'cinematica_s3_failures',
      help: 'Consecutive checks in which S3 did not answer, refused this process, or had another owner. 0 without S3.',
      registers,
    }),

    /** Publishes what runs in this process, and initialises the counters. @param stage empty when it is not a stage. */
    about({ stage, model, provider }: About): void {
      const build = new Gauge({
        name: 'cinematica_build_info',
        help: 'The version, stage, model and execution provider of this process; always 1.',
        labelNames: ['version', 'stage', 'model', 'model_digest', 'provider'],
        registers,
      });
      const { version } = packageJson;
      build.set({ version, stage, model: model.name, model_digest: model.digest, provider: provider ?? 'none' }, 1);
      // Counters start at 0: Prometheus does not see an increase in a series that did not exist before.
      for (const outcome of ['done', 'failed', 'cancelled']) videos.inc({ outcome }, 0);
      if (stage === '') return;
      for (const outcome of ['done', 'failed']) stageSeconds.zero({ stage, outcome });
      queueSeconds.zero({ stage });
      steps.inc({ stage }, 0);
      redeliveries.inc({ stage }, 0);
      noSpace.inc({ stage }, 0);
      deadLetters.inc({ stage }, 0);
      const known = stage === 'mux' ? ['not_finished', 'not_marked', 'not_signed'] : [];
      for (const notice of known) notices.inc({ notice }, 0);
      if (provider === null) return;
      crashes.inc({ stage }, 0);
      loadSeconds.zero({ stage });
    },

    /** Publishes how graphs differ on this device from those of the provider's usual ones; nothing when they do not. */
    aboutDevice({ stage, provider, replaced, lowMemory }: AboutDevice): void {
      const gauge = new Gauge({
        name: 'cinematica_device_info',
        help: 'How graphs differ on this device, by change: the fused operator that is written with standard operators, because it gave wrong numbers or failed here, or low_memory; always 1.',
        labelNames: ['stage', 'provider', 'change'],
        registers,
      });
      const changes = [...replaced, ...(lowMemory ? ['low_memory'] : [])];
      for (const change of changes) gauge.set({ stage, provider, change }, 1);
    },

    modelHooks: (stage: string): ModelHooks => ({
      onLoad: (seconds) => loadSeconds.observe({ stage }, seconds),
      onCrash: () => crashes.inc({ stage }),
      onNotFinite: (part, again) => notFinite.inc({ stage, part, outcome: again ? 'again' : 'failed' }),
    }),

    /** @param queue counts tasks by stage: the unfinished ones, and those that a worker could do now or does. */
    watchQueue(queue: Readonly<Record<'backlog' | 'due', () => Readonly<Record<string, number>>>>): void {
      new Gauge({
        name: 'cinematica_queue_depth',
        help: 'Unfinished tasks of all videos that have not ended, by stage.',
        labelNames: ['stage'],
        registers,
        collect() {
          for (const [stage, tasks] of Object.entries(queue.backlog())) this.set({ stage }, tasks);
        },
      });
      new Gauge({
        name: 'cinematica_due_tasks',
        help: 'Tasks whose inputs exist and whose result does not, by stage: a worker does them, or they wait for one.',
        labelNames: ['stage'],
        registers,
        collect() {
          for (const [stage, tasks] of Object.entries(queue.due())) this.set({ stage }, tasks);
        },
      });
    },

    /** @param current the state that the worker is in. */
    watchWorkerState(states: readonly string[], current: () => string): void {
      new Gauge({
        name: 'cinematica_worker_state',
        help: 'The state of the worker: 1 for the current state, 0 for the others.',
        labelNames: ['state'],
        registers,
        collect() {
          for (const state of states) this.set({ state }, state === current() ? 1 : 0);
        },
      });
    },

    /** @param read returns when each credential that this process uses ends; those that do not end are missing. */
    watchCredentials(read: () => Promise<readonly (readonly [credential: string, end: Date])[]>): void {
      new Gauge({
        name: 'cinematica_credential_expiry_timestamp_seconds',
        help: 'When a certificate or an API key ends, seconds since 1970. Credentials that do not end are missing.',
        labelNames: ['credential'],
        registers,
        async collect() {
          // A credential that was replaced by one without an end disappears.
          this.reset();
          for (const [credential, end] of await read()) this.set({ credential }, end.getTime() / 1000);
        },
      });
    },

    /** @param stats the memory of the computing process, bytes. */
    watchChild(stats: () => { readonly rss: number; readonly peakRss: number }): void {
      new Gauge({
        name: 'cinematica_child_memory_bytes',
        help: 'Resident memory of the computing process including mapped weights, by kind: now, peak.',
        labelNames: ['kind'],
        registers,
        collect() {
          const { rss, peakRss } = stats();
          this.set({ kind: 'now' }, rss);
          this.set({ kind: 'peak' }, peakRss);
        },
      });
    },

    /**
     * Publishes the GPU memory; nothing when it cannot be read.
     * @param read returns null when it cannot be read.
     */
    async watchGpuMemory(read: () => Promise<readonly GpuMemory[] | null>): Promise<void> {
      if (!(await read())) return;
      new Gauge({
        name: 'cinematica_gpu_memory_bytes',
        help: 'Memory of the GPUs that this process sees, used by any process, by kind: used, total.',
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

interface AboutDevice {
  readonly stage: string;
  readonly provider: string;
  readonly replaced: Iterable<string>;
  readonly lowMemory: boolean;
}

interface About {
  readonly stage: string;
  readonly model: { readonly name: string; readonly digest: string };
  /** The execution provider; null when it has no model. */
  readonly provider: string | null;
}
