import type { NatsConnection, Status } from '@nats-io/transport-node';

/** What became of a connection lately. */
export interface ConnectionWatch {
  /** Whether NATS was out of reach at some moment of the last `within` milliseconds. */
  wasAway(within: number): boolean;
  /** Its promise settles once NATS has been out of reach for that many milliseconds from now on. */
  lost(after: number): { readonly promise: Promise<null> } & Disposable;
  end(): void;
}

/** @param onReconnect called after the connection was lost and is there again. */
export function watchConnection(nats: NatsConnection, onReconnect: () => void = () => undefined): ConnectionWatch {
  let awayUntil = -Infinity;
  let away = false;
  const ended = Promise.withResolvers<null>();

  async function follow(): Promise<void> {
    const status: AsyncIterator<Status, unknown> = nats.status()[Symbol.asyncIterator]();
    for (;;) {
      const next = await Promise.race([status.next(), ended.promise]);
      if (next === null || next.done === true) return;
      if (next.value.type === 'disconnect') away = true;
      if (next.value.type === 'reconnect') {
        away = false;
        awayUntil = Date.now();
        onReconnect();
      }
    }
  }
  follow().catch(() => undefined);

  return {
    wasAway: (within) => away || Date.now() - awayUntil < within,
    lost(after) {
      const { promise, resolve } = Promise.withResolvers<null>();
      let since = Date.now();
      const timer = setInterval(() => {
        if (!away) since = Date.now();
        else if (Date.now() - since >= after) resolve(null);
      }, 100);
      return { promise, [Symbol.dispose]: () => clearInterval(timer) };
    },
    end: () => ended.resolve(null),
  };
}
