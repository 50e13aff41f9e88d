import type { NatsConnection, Status } from '@nats-io/transport-node';
import type { ConnectionStatus, ConnectionWatch } from '../domain/ports/connection-status.ts';

export const connectionStatus = (nats: NatsConnection): ConnectionStatus => ({
  get closed() {
    return nats.isClosed();
  },
  watch: (onReconnect = () => undefined) => watchConnection(nats, onReconnect),
});

function watchConnection(nats: NatsConnection, onReconnect: () => void): ConnectionWatch {
  let away = false;
  let awayUntil = -Infinity;
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
