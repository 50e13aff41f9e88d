import { Video_State } from '@cinematica/protocol/v1';
import type { VideoClient } from '../../test/support/real-system.ts';
import { watchToEnd } from '../../test/support/api.ts';
import { outcome } from './support/row.ts';
import type { Family } from './support/row.ts';
import { percent, quantile, seconds } from './support/statistics.ts';
import { startStubSystem } from './support/stub-system.ts';

export const fairness: Family = {
  rows: [
    {
      id: 'R15',
      what: 'five callers send one video each behind a caller with 300 videos: their p95, as share of the time of all',
      target: '≤ 10 %',
    },
  ],
  async run({ full }) {
    const flood = full ? 300 : 150;
    await using system = await startStubSystem();
    const settings = { frames: 2, steps: 2 };
    const create = async (client: VideoClient) => {
      const { video } = await client.createVideo({ source: { case: 'image', value: system.photo }, settings });
      return video!.name;
    };
    const ann = system.gateway.client();
    await watchToEnd(ann, await create(ann));
    const begun = performance.now();
    const names = await Promise.all(Array.from({ length: flood }, () => create(ann)));
    // Visitors without a key; each has its own cookie and so is its own caller.
    const singles = Array.from({ length: 5 }, () => system.gateway.client({ key: null, jar: {} }));
    const times = await Promise.all(
      singles.map(async (client) => {
        const sent = performance.now();
        const story = await watchToEnd(client, await create(client));
        if (story.at(-1)?.video?.state !== Video_State.DONE) throw new Error('a single video failed');
        return performance.now() - sent;
      }),
    );
    await watchToEnd(ann, names.at(-1)!);
    const whole = performance.now() - begun;
    const share = quantile(times, 0.95) / whole;
    return [
      outcome(
        'R15',
        share <= 0.1,
        `${percent(share)}: ${seconds(quantile(times, 0.95))} of ${seconds(whole)}, ${flood} videos`,
      ),
    ];
  },
};
