import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { VideoSchema } from '@cinematica/protocol/v1';
import { expect, test } from 'vitest';
import { mergeVideos, upsertVideo } from './merge-videos.ts';

const video = (name: string, sequence = 1) => create(VideoSchema, { name, sequence: BigInt(sequence) });
const summarize = (videos: readonly { name: string; sequence: bigint }[]) =>
  videos.map(({ name, sequence }) => `${name}${sequence}`).join(' ');

test('fetched videos replace the known ones of the same age, and older ones stay', () => {
  const known = [video('e'), video('d'), video('b'), video('a')];
  expect(summarize(mergeVideos(known, [video('f'), video('e', 2), video('c')], false))).toBe('f1 e2 c1 b1 a1');
  expect(summarize(mergeVideos(known, [video('e'), video('b')], true))).toBe('e1 b1');
  expect(mergeVideos(known, [], true)).toEqual([]);
});

test('an outdated answer does not replace a newer video', () => {
  expect(summarize(mergeVideos([video('a', 5)], [video('a', 4)], true))).toBe('a5');
});

test('a video is inserted by age, replaced, or removed when it is deleted', () => {
  const known = [video('d'), video('b')];
  expect(summarize(upsertVideo(known, video('c')))).toBe('d1 c1 b1');
  expect(summarize(upsertVideo(known, video('a')))).toBe('d1 b1 a1');
  expect(summarize(upsertVideo(known, video('b', 2)))).toBe('d1 b2');
  const deleted = create(VideoSchema, { name: 'd', deleteTime: timestampFromMs(1) });
  expect(summarize(upsertVideo(known, deleted))).toBe('b1');
});
