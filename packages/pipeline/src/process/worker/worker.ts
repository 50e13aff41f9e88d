import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { TaskDelivery } from '../../domain/ports/task-queue.ts';
import { stageName } from '../../domain/stages.ts';
import { inTaskSpan } from '../../telemetry/trace.ts';
import { doTask } from './do-task.ts';
import { DrainingError } from './stage-errors.ts';
import type { TaskLease } from './task-lease.ts';
import type { Verdict } from './verdict.ts';
import type { WorkerOptions } from './worker-options.ts';
import type { WorkerState } from './worker-state.ts';

/** Takes the tasks of one stage and one model. */
export interface Worker {
  readonly state: WorkerState;
  /** Resolves when the worker has stopped. Rejects with the error that it cannot recover from. */
  readonly stopped: Promise<void>;
  /**
   * Takes no more tasks, has the running task saved at its next step and released, and stops the worker. Resolves earlier
   * when NATS is unreachable for `REQUEST_TIMEOUT_MS`.
   */
  drain(): Promise<void>;
}

/** Starts a worker. It takes tasks one at a time, whenever the slot is free. */
export function startWorker(options: WorkerOptions): Worker {
  const { handler, model, slot, connection, settings, metrics, log, onState = () => undefined } = options;
  const stage = stageName(handler.stage);
  const workerId = randomUUID();
  const draining = new AbortController();
  const isDraining = () => draining.signal.aborted;
  const watch = connection.watch();
  const consumer = options.tasks.consume(handler.stage, model);
  let state: WorkerState = 'INITIALIZED';
  let claims = 0;
  let current: { readonly videoId: string; readonly lease: TaskLease } | null = null;

  const enter = (next: WorkerState) => {
    state = next;
    onState(next);
  };

  const unsubscribe = options.nudges.subscribe((videoId) => {
    if (videoId === current?.videoId) current.lease.check();
  });

  /** @returns null when no task arrived. A pull that failed is not fatal: the next one may succeed. */
  async function pull(): Promise<TaskDelivery | null> {
    try {
      return await consumer.next();
    } catch (error) {
      if (connection.closed) throw error;
      log.warn('pulling a task failed', { reason: error instanceof Error ? error.message : String(error) });
      const jitter = 0.75 + Math.random() / 2;
      await delay(settings.RETRY_DELAY_MS * jitter, undefined, { signal: draining.signal }).catch(() => undefined);
      return null;
    }
  }

  async function handle(delivery: TaskDelivery): Promise<void> {
    if (delivery.redelivered) metrics.redeliveries.inc({ stage });
    const { task } = delivery;
    if (task?.stage !== handler.stage) {
      log.warn('dropped a message that is not a task of this stage', { subject: delivery.subject });
      delivery.term();
      return;
    }
    const { videoId, segment } = task;
    const attributes = { 'cinematica.video': videoId, 'cinematica.segment': segment };
    const verdict = await inTaskSpan(`${stage} task`, delivery.trace, attributes, () =>
      doTask(options, {
        task,
        claimId: `${workerId}:${++claims}`,
        // A worker that fell silent while NATS was unreachable has not failed.
        countSilence: !watch.wasAway(2 * settings.ACK_WAIT_MS),
        heartbeat: () => delivery.working(),
        draining: draining.signal,
        onLease: (lease) => (current = lease && { videoId, lease }),
      }),
    );
    await settle(delivery, verdict);
  }

  async function takeTasks(): Promise<void> {
    while (!isDraining()) {
      await slot.whenFree();
      const delivery = await pull();
      if (!delivery) continue;
      const release = isDraining() ? null : slot.tryAcquire();
      if (!release) {
        // A call was faster to take the slot. Another worker may be free.
        delivery.nak();
        continue;
      }
      try {
        await handle(delivery);
      } finally {
        release();
      }
    }
  }

  async function run(): Promise<void> {
    enter('RUNNING');
    try {
      await takeTasks();
      enter('DRAINED');
    } catch (error) {
      enter('FAILED');
      throw error;
    } finally {
      unsubscribe();
      watch.end();
    }
    enter('STOPPED');
  }

  const stopped = run();
  // The caller observes `stopped`, perhaps only later.
  stopped.catch(() => undefined);
  return {
    get state() {
      return state;
    },
    stopped,
    async drain() {
      if (state === 'RUNNING') enter('DRAINING');
      draining.abort(new DrainingError('the process is shutting down'));
      // Without NATS nothing can be saved or released. Another worker takes the task over.
      using lost = watch.lost(settings.REQUEST_TIMEOUT_MS);
      await Promise.race([stopped, lost.promise]);
    },
  };
}

async function settle(delivery: TaskDelivery, verdict: Verdict): Promise<void> {
  switch (verdict.kind) {
    case 'ack':
      await delivery.ack();
      return;
    case 'nak':
      delivery.nak(verdict.delay);
      return;
    case 'abandon':
      return;
  }
}
