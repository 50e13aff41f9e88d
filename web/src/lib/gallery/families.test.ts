import { create } from '@bufbuild/protobuf';
import { VideoSchema } from '@cinematica/protocol/v1';
import { expect, test } from 'vitest';
import { groupFamilies } from './families.ts';

const video = (name: string, parent: { madeFrom?: string; continuedFrom?: string } = {}) =>
  create(VideoSchema, { name, ...parent });
const names = (videos: Parameters<typeof groupFamilies>[0]) =>
  groupFamilies(videos).map((family) => family.videos.map(({ name }) => name));

test('versions and continuations are together with the video that they come from', () => {
  const list = [
    video('e', { continuedFrom: 'd' }),
    video('d', { madeFrom: 'a' }),
    video('c'),
    video('b', { madeFrom: 'a' }),
    video('a'),
  ];
  expect(names(list)).toEqual([['e', 'd', 'b', 'a'], ['c']]);
});

test('versions of a video that was deleted stay together', () => {
  expect(names([video('c', { madeFrom: 'a' }), video('b', { madeFrom: 'a' })])).toEqual([['c', 'b']]);
});

test('a video that is not shown keeps the versions made from it together with its origin', () => {
  const [c, b, a] = [video('c', { madeFrom: 'b' }), video('b', { madeFrom: 'a' }), video('a')];
  expect(groupFamilies([c, a], [c, b, a])).toEqual([{ key: 'a', videos: [c, a] }]);
});
