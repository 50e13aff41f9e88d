import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { VideoSchema } from '@cinematica/protocol/v1';
import type { Video } from '@cinematica/protocol/v1';
import { Code } from '@connectrpc/connect';
import { afterEach, expect, test } from 'vitest';
import { m } from '#lib/i18n/index.ts';
import { dismissToast, toasts } from '#lib/ui/toasts.svelte.ts';
import { fakeGateway, gatewayError } from '../../../test/fake-gateway.ts';
import { deleteVideo, deleteWithUndo } from './delete-video.ts';

const name = 'videos/1';

afterEach(() => {
  for (const { id } of [...toasts]) dismissToast(id);
});

/** A gateway that deletes and restores the video. */
const gateway = () =>
  fakeGateway({
    deleteVideo: () => ({
      video: { name, deleteTime: timestampFromMs(Date.now()), purgeTime: timestampFromMs(Date.now() + 60_000) },
    }),
    undeleteVideo: () => ({ video: { name } }),
  });

test('deleteWithUndo offers an undo until the video is purged', async () => {
  const accepted: Video[] = [];
  await deleteWithUndo([name], (video) => accepted.push(video), { api: gateway() });
  expect(accepted[0]?.deleteTime).toBeDefined();
  expect(toasts).toHaveLength(1);
  expect(toasts[0]).toMatchObject({ text: m.video_deleted(), action: { label: m.common_undo() } });
  expect(toasts[0]?.ms).toBeGreaterThan(59_000);
  expect(toasts[0]?.ms).toBeLessThanOrEqual(60_000);

  toasts[0]?.action?.run();
  await expect.poll(() => accepted.length).toBe(2);
  expect(accepted[1]).toEqual(create(VideoSchema, { name }));
});

test('several videos are deleted with one toast, whose undo restores all of them', async () => {
  const restored: string[] = [];
  const api = fakeGateway({
    deleteVideo: (request) => ({ video: { name: request.name, deleteTime: timestampFromMs(Date.now()) } }),
    undeleteVideo(request) {
      restored.push(request.name);
      return { video: { name: request.name } };
    },
  });
  await deleteWithUndo(['videos/1', 'videos/2'], () => undefined, { api });
  expect(toasts.map(({ text }) => text)).toEqual([m.video_deleted_count({ count: 2 })]);
  toasts[0]?.action?.run();
  await expect.poll(() => restored).toEqual(['videos/1', 'videos/2']);
});

test('a caller can say what happened, with the number of videos that were really deleted', async () => {
  const api = fakeGateway({
    deleteVideo: (request) =>
      request.name === name
        ? Promise.reject(gatewayError('VIDEO_NOT_FOUND', Code.NotFound))
        : { video: { name: request.name, deleteTime: timestampFromMs(Date.now()) } },
  });
  const text = (count: number): string => m.variants_kept({ count });
  await deleteWithUndo([name, 'videos/2', 'videos/3'], () => undefined, { text, api });
  expect(toasts.at(-1)).toMatchObject({ text: m.variants_kept({ count: 2 }), action: { label: m.common_undo() } });
});

test('deleteVideo shows no toast', async () => {
  const accepted: Video[] = [];
  expect(await deleteVideo(name, (video) => accepted.push(video), gateway())).toBe(true);
  expect(accepted).toHaveLength(1);
  expect(toasts).toHaveLength(0);
});

test('a refused deletion shows its reason and changes nothing', async () => {
  const api = fakeGateway({
    deleteVideo: () => Promise.reject(gatewayError('VIDEO_NOT_FOUND', Code.NotFound)),
  });
  const accepted: Video[] = [];
  await deleteWithUndo([name], (video) => accepted.push(video), { api });
  expect(accepted).toEqual([]);
  expect(toasts.map(({ text }) => text)).toEqual([m.common_error_not_found()]);
});

test('an undo that comes too late shows its reason', async () => {
  const api = { ...gateway(), undeleteVideo: () => Promise.reject(gatewayError('VIDEO_NOT_FOUND', Code.NotFound)) };
  await deleteWithUndo([name], () => undefined, { api });
  toasts[0]?.action?.run();
  await expect.poll(() => toasts.at(-1)?.text).toBe(m.common_error_not_found());
});
