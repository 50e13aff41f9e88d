import { HealthCheckResponse_ServingStatus as Status } from '@cinematica/protocol';
import type { Health } from '@cinematica/protocol';
import { Code, ConnectError } from '@connectrpc/connect';
import type { ServiceImpl } from '@connectrpc/connect';
import { EventEmitter, on } from 'node:events';

/** `grpc.health.v1` for a server whose services all work or all don't. */
export interface HealthService {
  readonly implementation: ServiceImpl<typeof Health>;
  readonly serving: boolean;
  set(serving: boolean): void;
}

/** @param draining ends watches. */
export function createHealth(services: readonly string[], draining: AbortSignal): HealthService {
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
        if (!known.has(service)) throw new ConnectError('There is no such service here.', Code.NotFound);
        return { status: status(service) };
      },
      list: () => ({ statuses: Object.fromEntries([...known].map((name) => [name, { status: status(name) }])) }),
      async *watch({ service }, { signal }) {
        const ended = AbortSignal.any([signal, draining]);
        let last = status(service);
        // Listens before it tells, so that no change is missed.
        const events = on(changes, 'change', { signal: ended });
        yield { status: last };
        try {
          while ((await events.next()).done !== true) {
            if (status(service) === last) continue;
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
