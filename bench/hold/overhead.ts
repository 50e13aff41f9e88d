import { Video_State } from '@cinematica/protocol/v1';
import { watchToEnd } from '../../test/support/api.ts';
import { outcome } from './support/row.ts';
import type { Family } from './support/row.ts';
import { ms, quantile } from './support/statistics.ts';
import { startStubSystem } from './support/stub-system.ts';

export const overhead: Family = {
  rows: [
    {
      id: 'R22',
      what: 'from the answer of CreateVideo to DONE at a watcher, four stages that take 0 ms',
      target: 'p50 ≤ 50 ms; p99 ≤ 250 ms',
    },
  ],
  async run({ full }) {
    const videos = full ? 1_000 : 200;
    await using system = await startStubSystem({ stepMilliseconds: 0, workerEnv: { OUTPUT_KIB: '4' } });
    const client = system.gateway.client();
    const times: number[] = [];
    for (let i = -10; i < videos; i++) {
      const source = { case: 'image' as const, value: system.photo };
      const { video } = await client.createVideo({ source, settings: { frames: 2, steps: 1 } });
      const begun = performance.now();
      const story = await watchToEnd(client, video!.name);
      if (story.at(-1)?.video?.state !== Video_State.DONE) throw new Error('a video failed');
      // The first ones are slower, because the processes have just started.
      if (i >= 0) times.push(performance.now() - begun);
    }
    const [p50, p99] = [quantile(times, 0.5), quantile(times, 0.99)];
    return [outcome('R22', p50 <= 50 && p99 <= 250, `p50 ${ms(p50)}, p99 ${ms(p99)} of ${videos} videos`)];
  },
};
