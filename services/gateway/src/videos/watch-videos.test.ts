import { expect, test } from 'vitest';
import type { WatchVideosOptions } from './watch-videos.ts';
import { streamVideos } from './watch-videos.ts';

test('a stream without changes repeats its first message, so that proxies keep it open', async () => {
  const parts = {
    table: { videos: new Map(), subscribe: () => () => undefined },
    videosByOwner: { idsOf: () => [] },
    stallMs: 1_000,
    heartbeatMs: 10,
  } as unknown as WatchVideosOptions;
  const seen: (string | undefined)[] = [];
  const end = new AbortController();
  for await (const { message } of streamVideos(parts, 'key-ann', false, () => undefined, end.signal)) {
    seen.push(message?.case);
    if (seen.length === 3) end.abort();
  }
  expect(seen).toEqual(['started', 'started', 'started']);
});
