import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findPhotos } from './find-photos.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'find-photos-'));
  const files = ['trip/10.jpg', 'trip/9.JPG', 'trip/day 1/a.heic', 'trip/notes.txt', 'trip/.hidden.png'];
  for (const file of [...files, 'trip/videos/9-poster.webp', 'a[1].jpg', 'empty/x.txt', 'scan.dat']) {
    await mkdir(dirname(join(root, file)), { recursive: true });
    await writeFile(join(root, file), '');
  }
  await symlink(join(root, 'trip/10.jpg'), join(root, 'link.jpg'));
  await symlink(join(root, 'trip'), join(root, 'trip/day 1/loop'));
});
afterAll(() => rm(root, { recursive: true }));

const find = async (...sources: string[]) => {
  const at = (path: string) => join(root, path);
  const { photos, missing } = await findPhotos(sources.map(at), at('trip/videos'));
  return { names: photos.map(({ name }) => name), missing: missing.map(({ reason }) => reason) };
};

test('a folder is searched with its subfolders, but without hidden files, links to folders and the videos', async () => {
  expect(await find('trip')).toEqual({ names: ['9', '10', 'day 1/a'], missing: [] });
});

test('files and patterns are named after the file, and a photo that is found twice is listed once', async () => {
  expect(await find('trip/*.jpg', 'link.jpg', 'trip/10.jpg')).toEqual({ names: ['10'], missing: [] });
  expect(await find('trip/**/*.heic', 'scan.dat', 'a[1].jpg')).toEqual({ names: ['a', 'scan', 'a[1]'], missing: [] });
});

test('sources without a photo are reported', async () => {
  expect(await find('none.jpg', '*.png', 'empty')).toEqual({
    names: [],
    missing: ['no such file', 'no file matches this pattern', 'there is no photo in this folder'],
  });
});
