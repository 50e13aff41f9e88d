import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** From a millisecond to half an hour. */
const SECONDS = [0.001, 0.005, 0.02, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800];

/** What a service counts, in Prometheus' format. */
export type Metrics = ReturnType<typeof createMetrics>;

/** Metrics of one process; `registry.metrics()` is what its metrics address answers. */
export function createMetrics(service: string) {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  return {
    registry,
    videos: new Counter({
      name: 'cinematica_jobs_total',
      help: 'Videos that ended, by outcome: done, failed, cancelled.',
      labelNames: ['outcome'],
      registers,
    }),
    stageSeconds: new Histogram({
      name: 'cinematica_stage_duration_seconds',
      help: 'From a claim to its end, by outcome: done, failed, lost, released, remake.',
      labelNames: ['stage', 'outcome'],
      buckets: SECONDS,
      registers,
    }),
    queueSeconds: new Histogram({
      name: 'cinematica_queue_wait_seconds',
      help: 'From the moment that a task can begin to its claim.',
      labelNames: ['stage'],
      buckets: SECONDS,
      registers,
    }),
    queueDepth: new Gauge({
      name: 'cinematica_queue_depth',
      help: 'Tasks that are not done of all videos that are not finished: the whole backlog.',
      labelNames: ['stage'],
      registers,
    }),
    stepSeconds: new Histogram({
      name: 'cinematica_step_seconds',
      help: 'Between two signs of progress of a stage; denoising steps are stage="denoise".',
      labelNames: ['stage'],
      buckets: SECONDS,
      registers,
    }),
    redeliveries: new Counter({
      name: 'cinematica_redeliveries_total',
      help: 'Messages that came a second time or more.',
      labelNames: ['stage'],
      registers,
    }),
    artifactBytes: new Counter({
      name: 'cinematica_artifact_bytes_total',
      help: 'Bytes of artifacts, by direction: written, read.',
      labelNames: ['stage', 'direction'],
      registers,
    }),
    modelLoadSeconds: new Histogram({
      name: 'cinematica_model_load_seconds',
      help: 'Loading the model, by stage.',
      labelNames: ['stage'],
      buckets: SECONDS,
      registers,
    }),
    canaryFailures: new Gauge({
      name: 'cinematica_canary_failures',
      help: 'Canaries in a row that did not come back from NATS.',
      registers,
    }),
  };
}
