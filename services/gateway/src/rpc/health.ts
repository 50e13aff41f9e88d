import { HealthCheckResponse_ServingStatus as Status } from '@cinematica/protocol';
import { HEARTBEAT, withHeartbeat } from '@cinematica/concurrency';
import type { Health } from '@cinematica/protocol';
import { Code, ConnectError } from '@connectrpc/connect';
import type { ServiceImpl } from '@connectrpc/connect';
import { EventEmitter, on } from 'node:events';

/** `grpc.health.v1` for a server whose services all have the same status. */
export interface HealthService {
  readonly implementation: ServiceImpl<typeof Health>;
  /** False at first. */
  readonly serving: boolean;
  /** Sets the status, and sends a change to the watchers. */
  set(serving: boolean): void;
}

/**
 * @param services the full names of the known services.
 * @param draining ends watches with its reason.
 * @param heartbeatMs how often a watch repeats the status while it does not change. Milliseconds.
 */
export function createHealth(services: readonly string[], draining: AbortSignal, heartbeatMs: number): HealthService {
  const changes = new EventEmitter().setMaxListeners(0);
  const known = new Set(['', ...services]);
  let serving = false;
  const status = (service: string): Status => {
    if (!known.has(service)) return Status.SERVICE_UNKNOWN;
    return serving ? Status.SERVING : Status.NOT_SERVING;
  };

  return {
    get serving() {
      return serving;
    },
    set(now) {
      if (now === serving) return;
      serving = now;
      changes.emit('change');
    },
    implementation: {
      check({ service }) {
        if (!known.has(service)) throw new ConnectError('Unknown service.', Code.NotFound);
        return { status: status(service) };
      },
      list: () => ({ statuses: Object.fromEntries([...known].map((name) => [name, { status: status(name) }])) }),
      async *watch({ service }, { signal }) {
        const ended = AbortSignal.any([signal, draining]);
        let last = status(service);
        // The listener is added before the first response, so that no change is missed.
        const events = withHeartbeat(on(changes, 'change', { signal: ended }), heartbeatMs);
        yield { status: last };
        try {
          for await (const event of events) {
            if (event !== HEARTBEAT && status(service) === last) continue;
            last = status(service);
            yield { status: last };
          }
        } catch (error) {
          if (!ended.aborted) throw error;
          draining.throwIfAborted();
        }
      },
    },
  };
}
