import { createRpcServer } from '@cinematica/protocol';
import type { ServiceHandlers } from '@cinematica/protocol';
import { create, toBinary } from '@bufbuild/protobuf';
import type { DescService } from '@bufbuild/protobuf';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { z } from 'zod';
import { connectNats } from '../../nats/connect.ts';
import { createLog } from '../../telemetry/log.ts';
import type { Log } from '../../telemetry/log.ts';
import { StageReportSchema } from '../../domain/messages.ts';
import { stageName } from '../../domain/stages.ts';
import type { ModelRef } from '../../domain/model-ref.ts';
import { openWorkerPorts } from '../../storage/worker-ports.ts';
import { inCallSpan } from '../../telemetry/call-span.ts';
import { startTracing } from '../../telemetry/start-tracing.ts';
import { createMetrics } from '../../telemetry/metrics.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import type { SpeedMeter } from '../model/speed-meter.ts';
import { createComputeSlot } from '../worker/compute-slot.ts';
import type { ComputeSlot } from '../worker/compute-slot.ts';
import type { StageHandler } from '../worker/stage-handler.ts';
import { WORKER_STATES } from '../worker/worker-state.ts';
import type { WorkerState } from '../worker/worker-state.ts';
import { startWorker } from '../worker/worker.ts';
import { logConnection } from '../../nats/log-connection.ts';
import { listenForCalls } from './listen-for-calls.ts';
import { readConfig } from './read-config.ts';
import { runProgram } from './run-program.ts';
import { startReadiness } from './start-readiness.ts';
import type { stageConfigSchema } from './stage-config.ts';

/** What the process provides to its stage. */
export interface StageParts {
  readonly log: Log;
  readonly metrics: Metrics;
  /** Shared by the worker and the calls. */
  readonly slot: ComputeSlot;
}

/** A stage that is ready to run. */
export interface StageProgram<S extends DescService> {
  /** Does the tasks of the stage's queue. */
  readonly handler: StageHandler;
  /** Only tasks that are planned for this model are taken. */
  readonly model: ModelRef;
  /** The execution provider of the model; null when the stage has no model. */
  readonly provider: string | null;
  /** The fused operators that the provider does without on this device. Default: none. */
  readonly replacedOperators?: Iterable<string>;
  /** How fast the stage computes; absent when the stage has no model. */
  readonly speed?: SpeedMeter;
  /** The stage's gRPC service. */
  readonly service: S;
  readonly handlers: ServiceHandlers<S>;
  /** Called when the worker and the calls have ended. */
  close(): Promise<void>;
}

/**
 * Runs the process of a stage: a worker, the gRPC service with health and reflection, and the metrics server. On SIGTERM or
 * SIGINT it takes no more tasks, has the running task saved and released, lets calls end for `DRAIN_MS`, and exits.
 * @param name the name of the service, which is also its user in NATS.
 * @param open prepares the stage from its settings.
 */
export function runStage<Schema extends z.ZodObject<typeof stageConfigSchema.shape>, S extends DescService>(
  name: string,
  schema: Schema,
  open: (config: z.output<Schema>, parts: StageParts) => Promise<StageProgram<S>>,
): Promise<void> {
  return runProgram(name, async () => {
    const config = readConfig(schema, process.env);
    const stopping = new AbortController();
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stopping.abort());

    const log = createLog(name, { level: config.LOG_LEVEL, format: config.LOG_FORMAT });
    const endTracing = await startTracing(name, config);
    const metrics = createMetrics(name);
    const slot = createComputeSlot();
    await using cleanup = new AsyncDisposableStack();
    cleanup.defer(endTracing);
    const program = await open(config, { log, metrics, slot });
    cleanup.defer(() => program.close());

    const calls = createCallCounter();
    const server = createRpcServer({
      tokens: config.STAGE_TOKEN,
      onFault: (fault, method) => log.error('call failed', fault.cause ?? fault, { method: method.name }),
      around: (method, context, run) => calls.count(() => inCallSpan(method, context, run)),
    });
    server.add(program.service, program.handlers);
    const port = await listenForCalls(server, config, cleanup);

    const nats = await connectNats(name, config);
    cleanup.defer(() => nats.close());
    logConnection(nats, log);
    const ports = await openWorkerPorts(nats, config, log);
    metrics.about({ stage: stageName(program.handler.stage), model: program.model, provider: program.provider });
    const workerState = trackWorkerState(metrics, log);
    const served = await startReadiness(
      {
        name,
        nats,
        server,
        metrics,
        config,
        artifacts: ports.artifacts,
        log,
        stopping: stopping.signal,
        report: createReport(program, () => calls.open),
        details: () => ({ model: program.model.name, provider: program.provider, worker: workerState.current }),
      },
      cleanup,
    );

    const { handler } = program;
    const worker = startWorker({
      ...ports,
      handler,
      model: program.model,
      slot,
      settings: config,
      metrics,
      log,
      onState: (state) => workerState.enter(state),
    });
    const { name: model, digest } = program.model;
    const provider = program.provider ?? undefined;
    log.info('started', { port, metrics: served.port, model, digest, provider });
    const stopped = stopping.signal.aborted || once(stopping.signal, 'abort');
    await Promise.race([stopped, worker.stopped]);
    server.setServing(false);
    log.info('stopping');
    await Promise.all([worker.drain(), server.close(config.DRAIN_MS)]);
  });
}

/** The current state of the worker, which is shown as a metric, logged, and part of the answer of `/readyz`. */
function trackWorkerState(metrics: Metrics, log: Log) {
  let current: WorkerState = 'INITIALIZED';
  metrics.watchWorkerState(WORKER_STATES, () => current);
  return {
    get current() {
      return current;
    },
    enter(state: WorkerState) {
      log.info('worker state changed', { from: current, to: state });
      current = state;
    },
  };
}

/** Counts the calls that run or wait for the compute slot. */
function createCallCounter() {
  let open = 0;
  return {
    get open() {
      return open;
    },
    async count<T>(run: () => Promise<T>): Promise<T> {
      open++;
      try {
        return await run();
      } finally {
        open--;
      }
    },
  };
}

/** Creates the reports that the canaries carry. @param openCalls how many calls run or wait now. */
function createReport(
  {
    handler: { stage },
    model: { name: model, digest: modelDigest },
    provider,
    replacedOperators = [],
    speed,
  }: Pick<StageProgram<DescService>, 'handler' | 'model' | 'provider' | 'replacedOperators' | 'speed'>,
  openCalls: () => number,
): () => Uint8Array {
  const computing = { executionProvider: provider ?? '', replacedOperators: [...replacedOperators] };
  const own = { stage, model, modelDigest, ...computing, processId: randomUUID() };
  return () =>
    toBinary(
      StageReportSchema,
      create(StageReportSchema, { ...own, flopsPerSecond: speed?.fastest ?? 0, openCalls: openCalls() }),
    );
}
