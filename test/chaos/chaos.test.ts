import { expect, test } from 'vitest';
import { runChaos } from './run-chaos.ts';

test('20 videos are done once, with the bytes of an undisturbed run, while every process is killed', async () => {
  const { faults, figures } = await runChaos({ videos: 20, seed: 1 });
  console.info(
    Object.entries(figures)
      .map(([name, value]) => `${name}: ${value}`)
      .join('\n'),
  );
  expect(faults).toEqual([]);
}, 600_000);
