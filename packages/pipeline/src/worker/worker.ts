import { jetstream } from '@nats-io/jetstream';
import type { Consumer, JsMsg } from '@nats-io/jetstream';
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Stage as StageKind } from '../messages.ts';
import type { Task } from '../messages.ts';
import { nudgeSubject, stageName, workConsumer, workStream } from '../names.ts';
import type { ModelRef } from '../names.ts';
import { decodeTask } from '../tasks.ts';
import { inTaskSpan } from '../telemetry/trace.ts';
import { watchConnection } from '../watch-connection.ts';
import type { ComputeSlot } from './compute-slot.ts';
import { doTask } from './do-task.ts';
import type { Verdict, WorkerParts } from './do-task.ts';
import type { Hold } from './hold.ts';
import { DrainingError } from './stage.ts';
import type { Stage } from './stage.ts';

export interface WorkerOptions extends WorkerParts {
  readonly stage: Stage;
  readonly model: ModelRef;
  readonly slot: ComputeSlot;
}

/** A process's share in a stage's queue. */
export interface Worker {
  /** Settles when it has stopped; rejects with what it can't go on from. */
  readonly stopped: Promise<void>;
  /** Takes nothing more, has the running task saved at its next step and given back, and stops; not if NATS is away. */
  drain(): Promise<void>;
}

/** Takes tasks one by one, as long as the process's slot is free. */
export function startWorker({ stage, model, slot, ...parts }: WorkerOptions): Worker {
  const { nats, settings, metrics, log } = parts;
  const name = stageName(stage.stage);
  const draining = new AbortController();
  const id = randomUUID();
  const connection = watchConnection(nats);
  let claims = 0;
  let current: { readonly videoId: string; readonly hold: Hold } | null = null;

  const nudges = nats.subscribe(nudgeSubject('*'), {
    callback: (_, message) => {
      if (current && message.subject === nudgeSubject(current.videoId)) current.hold.check();
    },
  });
  const client = jetstream(nats, { timeout: settings.REQUEST_TIMEOUT_MS });
  let consumer: Consumer | null = null;

  /** One message, or null where none came. A pull that breaks off is nothing special: the next one may work. */
  async function pull(): Promise<JsMsg | null> {
    try {
      consumer ??= await client.consumers.get(workStream(stage.stage), workConsumer(stage.stage, model));
      return await consumer.next({ expires: settings.PULL_EXPIRES_MS });
    } catch (error) {
      if (nats.isClosed()) throw error;
      consumer = null;
      log.warn('pulling for work broke off', { reason: error instanceof Error ? error.message : String(error) });
      await delay(settings.RETRY_DELAY_MS * (0.75 + Math.random() / 2), undefined, { signal: draining.signal }).catch(
        () => undefined,
      );
      return null;
    }
  }

  async function handle(message: JsMsg): Promise<void> {
    if (message.info.deliveryCount > 1) metrics.redeliveries.inc({ stage: name });
    const task = readTask(message, stage.stage);
    if (!task) {
      log.warn('a message that is no task was dropped', { subject: message.subject });
      message.term();
      return;
    }
    const attributes = { 'cinematica.video': task.videoId, 'cinematica.segment': task.segment };
    const verdict = await inTaskSpan(`${name} task`, message.headers, attributes, () =>
      doTask(stage, parts, {
        task,
        worker: `${id}:${++claims}`,
        countSilence: !connection.wasAway(2 * settings.ACK_WAIT_MS),
        working: () => message.working(),
        draining: draining.signal,
        onHold: (hold) => (current = hold && { videoId: task.videoId, hold }),
      }),
    );
    await settle(message, verdict, settings.REQUEST_TIMEOUT_MS);
  }

  async function loop(): Promise<void> {
    const drains = () => draining.signal.aborted;
    while (!drains()) {
      await slot.whenFree();
      const message = await pull();
      if (!message) continue;
      const release = drains() ? null : slot.tryAcquire();
      // An RPC was faster: another worker may be free.
      if (!release) {
        message.nak();
        continue;
      }
      try {
        await handle(message);
      } finally {
        release();
      }
    }
  }

  const stopped = loop().finally(() => {
    nudges.unsubscribe();
    connection.end();
  });
  // It is reported to whoever looks at `stopped`; nobody may be looking yet.
  stopped.catch(() => undefined);
  return {
    stopped,
    async drain() {
      draining.abort(new DrainingError('the process ends'));
      // Without NATS nothing can be saved or given back, and the task comes to another worker by itself.
      using lost = connection.lost(settings.REQUEST_TIMEOUT_MS);
      await Promise.race([stopped, lost.promise]);
    },
  };
}

function readTask(message: JsMsg, stage: StageKind): Task | null {
  try {
    const task = decodeTask(message.data);
    return task.stage === stage ? task : null;
  } catch {
    return null;
  }
}

/** An ack that does not arrive only has the message come again: the record says that it is done. */
async function settle(message: JsMsg, verdict: Verdict, timeout: number): Promise<void> {
  switch (verdict.kind) {
    case 'ack':
      await message.ackAck({ timeout }).catch(() => false);
      return;
    case 'again': {
      message.nak(verdict.delay);
      return;
    }
    case 'leave':
      return;
  }
}
