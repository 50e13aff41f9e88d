import { OBSERVE_PORTS } from '../../scripts/launch/observe/ports.ts';
import { checkPort } from '../../scripts/launch/ports.ts';

/** A port that, with those after it that `--observe` needs, is free, and is not one that the system gives to others. */
export async function portWithRoom(): Promise<number> {
  for (;;) {
    const port = 20_000 + 10 * Math.floor(Math.random() * 1_000);
    const all = Array.from({ length: 1 + OBSERVE_PORTS }, (_, index) => checkPort(port + index, '127.0.0.1'));
    if ((await Promise.allSettled(all)).every(({ status }) => status === 'fulfilled')) return port;
  }
}
