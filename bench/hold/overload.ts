import { setTimeout as delay } from 'node:timers/promises';
import { Code, ConnectError } from '@connectrpc/connect';
import { Lifetime } from '@cinematica/pipeline';
import { startTestGateway } from '@cinematica/gateway/testing/gateway';
import { fieldPhoto } from '../../test/support/field-photo.ts';
import { residentMiB } from './support/processes.ts';
import { outcome } from './support/row.ts';
import type { Family, Outcome } from './support/row.ts';
import { ms, quantile, seconds } from './support/statistics.ts';

const MANY = '1000000';
/** The most unfinished videos of the caller. */
const CAP = 200;

export const overload: Family = {
  rows: [
    {
      id: 'R14',
      what: `1,000 CreateVideo of one caller in 10 s with ${CAP} allowed: accepted; p99 of refusals; half-made videos; memory`,
      target: `≤ ${CAP}; ≤ 100 ms; 0; ≤ +50 MiB`,
    },
  ],
  async run(): Promise<Outcome[]> {
    await using gateway = await startTestGateway({
      CALLS_PER_SECOND: MANY,
      MAX_ACTIVE_PER_OWNER: String(CAP),
      NODE_OPTIONS: '--max-semi-space-size=4',
    });
    const client = gateway.client();
    const source = { case: 'image' as const, value: await fieldPhoto() };
    for (let i = 0; i < 20; i++) await client.getCapabilities({});
    const before = residentMiB(gateway.pid);
    let most = before;
    const sampling = setInterval(() => (most = Math.max(most, residentMiB(gateway.pid))), 50);
    const [accepted, refused, other]: [number[], number[], string[]] = [[], [], []];
    const call = async () => {
      const begun = performance.now();
      try {
        await client.createVideo({ source });
        accepted.push(performance.now() - begun);
      } catch (error) {
        const { code } = ConnectError.from(error);
        if (code === Code.ResourceExhausted) refused.push(performance.now() - begun);
        else other.push(Code[code]);
      }
    };
    const begun = performance.now();
    const calls: Promise<void>[] = [];
    for (let i = 0; i < 1_000; i++) {
      await delay(Math.max(0, begun + i * 10 - performance.now()));
      calls.push(call());
    }
    await Promise.all(calls);
    clearInterval(sampling);
    const videos = (await gateway.videos()).length;
    const photos = (await gateway.artifacts.list(Lifetime.PHOTO)).length;
    const p99 = quantile(refused, 0.99);
    const partial = Math.abs(photos - accepted.length) + Math.abs(videos - accepted.length);
    const grown = most - before;
    const met = accepted.length <= CAP && p99 <= 100 && partial === 0 && grown <= 50 && other.length === 0;
    const figure = `${accepted.length}; p50 ${ms(quantile(refused, 0.5))}, p99 ${ms(p99)} of ${refused.length}; ${partial}; +${grown.toFixed(0)} MiB; accepted p99 ${seconds(quantile(accepted, 0.99))}; other errors ${other.length}`;
    return [outcome('R14', met, figure)];
  },
};
