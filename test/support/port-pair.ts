import { checkPort } from '../../scripts/launch/ports.ts';

/**
 * Finds a free port whose next port is free as well, for a gateway and its Prometheus. Both are outside of the range that
 * the operating system takes ports from.
 */
export async function freePortPair(): Promise<number> {
  for (;;) {
    const port = 20_000 + 2 * Math.floor(Math.random() * 5_000);
    const checks = [port, port + 1].map((each) => checkPort(each, '127.0.0.1'));
    if ((await Promise.allSettled(checks)).every(({ status }) => status === 'fulfilled')) return port;
  }
}
