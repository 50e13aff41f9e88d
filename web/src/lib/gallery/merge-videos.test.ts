import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { VideoSchema } from '@cinematica/protocol/v1';
import { expect, test } from 'vitest';
import { mergeVideos, placeVideo } from './merge-videos.ts';

const video = (name: string, sequence = 1) => create(VideoSchema, { name, sequence: BigInt(sequence) });
const told = (videos: readonly { name: string; sequence: bigint }[]) =>
  videos.map(({ name, sequence }) => `${name}${sequence}`).join(' ');

test('what was fetched takes the place of what is as new; what is older stays', () => {
  const known = [video('e'), video('d'), video('b'), video('a')];
  expect(told(mergeVideos(known, [video('f'), video('e', 2), video('c')], false))).toBe('f1 e2 c1 b1 a1');
  expect(told(mergeVideos(known, [video('e'), video('b')], true))).toBe('e1 b1');
  expect(mergeVideos(known, [], true)).toEqual([]);
});

test('an answer that was overtaken takes nothing back', () => {
  expect(told(mergeVideos([video('a', 5)], [video('a', 4)], true))).toBe('a5');
});

test('a video goes where its age puts it, and out when it is deleted', () => {
  const known = [video('d'), video('b')];
  expect(told(placeVideo(known, video('c')))).toBe('d1 c1 b1');
  expect(told(placeVideo(known, video('a')))).toBe('d1 b1 a1');
  expect(told(placeVideo(known, video('b', 2)))).toBe('d1 b2');
  const deleted = create(VideoSchema, { name: 'd', deleteTime: timestampFromMs(1) });
  expect(told(placeVideo(known, deleted))).toBe('b1');
});
