import { createRpcServer } from '@cinematica/protocol';
import type { ServiceHandlers } from '@cinematica/protocol';
import { create, toBinary } from '@bufbuild/protobuf';
import type { DescService } from '@bufbuild/protobuf';
import { once } from 'node:events';
import type { z } from 'zod';
import { createObjectArtifacts } from '../artifacts/object-artifacts.ts';
import { startCanary } from '../canary.ts';
import { connectNats } from '../connect.ts';
import { createLog } from '../log.ts';
import type { Log } from '../log.ts';
import { StageReportSchema } from '../messages.ts';
import { stageName } from '../names.ts';
import type { ModelRef } from '../names.ts';
import { openRecords } from '../records/records.ts';
import { createTaskQueue } from '../tasks.ts';
import { inCallSpan } from '../telemetry/call-span.ts';
import { startTracing } from '../telemetry/start-tracing.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { createComputeSlot } from '../worker/compute-slot.ts';
import type { ComputeSlot } from '../worker/compute-slot.ts';
import type { Stage } from '../worker/stage.ts';
import { startWorker } from '../worker/worker.ts';
import { logConnection } from './log-connection.ts';
import { serveMetrics } from './metrics-server.ts';
import { readConfig } from './read-config.ts';
import { runProgram } from './run-program.ts';
import type { stageConfigSchema } from './stage-config.ts';

/** What a stage gets from its process. */
export interface StageParts {
  readonly log: Log;
  readonly metrics: Metrics;
  /** Shared by the queue and the calls. */
  readonly slot: ComputeSlot;
}

/** A stage that is ready to work. */
export interface StageProgram<S extends DescService> {
  readonly stage: Stage;
  /** Whose tasks it takes. */
  readonly model: ModelRef;
  /** What it computes the model with; null where it has none. */
  readonly provider: string | null;
  readonly service: S;
  readonly handlers: ServiceHandlers<S>;
  /** Once it has no more work. */
  close(): Promise<void>;
}

/**
 * Runs a stage's process: its share in the work queue, its RPCs with health and reflection, its metrics. On SIGTERM or
 * SIGINT it takes nothing more, has the running task saved and given back, lets calls end, and exits.
 * @param name the service's, which is also its NATS user.
 * @param open makes it ready, from the environment.
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
    const endTracing = startTracing(name, config);
    const metrics = createMetrics(name);
    const slot = createComputeSlot();
    await using cleanup = new AsyncDisposableStack();
    cleanup.defer(endTracing);
    const program = await open(config, { log, metrics, slot });
    cleanup.defer(() => program.close());

    const server = createRpcServer({
      tokens: config.STAGE_TOKEN,
      onFault: (fault, method) => log.error('a call failed', fault.cause ?? fault, { method: method.name }),
      around: inCallSpan,
    });
    server.add(program.service, program.handlers);
    const port = await server.listen(`${config.GRPC_HOST}:${config.GRPC_PORT}`);
    cleanup.defer(() => server.close(0));

    const nats = await connectNats(name, config);
    cleanup.defer(() => nats.close());
    logConnection(nats, log);
    const parts = {
      ...{ nats, settings: config, metrics, log },
      records: await openRecords(nats, config),
      artifacts: createObjectArtifacts(nats, config),
      tasks: createTaskQueue(nats, config, log),
    };
    const heard = (failures: number) => {
      metrics.canaryFailures.set(failures);
      server.setServing(failures < 2 && !stopping.signal.aborted);
    };
    const canary = startCanary(nats, name, config, heard, describe(program));
    cleanup.defer(() => canary.close());
    metrics.about({ stage: stageName(program.stage.stage), model: program.model, provider: program.provider });
    const about = { model: program.model.name, provider: program.provider };
    const ready = () => canary.healthy && !stopping.signal.aborted;
    const { METRICS_HOST: host, METRICS_PORT } = config;
    const served = cleanup.use(
      await serveMetrics({ host, port: METRICS_PORT, registry: metrics.registry, ready, about }),
    );

    const worker = startWorker({ ...parts, stage: program.stage, model: program.model, slot });
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

/** What its canaries carry. */
function describe({
  stage: { stage },
  model: { name: model, digest: modelDigest },
  provider,
}: Pick<StageProgram<DescService>, 'stage' | 'model' | 'provider'>): Uint8Array {
  if (provider === null) return new Uint8Array();
  return toBinary(
    StageReportSchema,
    create(StageReportSchema, { stage, model, modelDigest, executionProvider: provider }),
  );
}
