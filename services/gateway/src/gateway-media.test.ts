import { Lifetime } from '@cinematica/pipeline';
import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { MediaKind, SharedVideoSchema, Video_State } from '@cinematica/protocol/v1';
import { Code } from '@connectrpc/connect';
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import { openGatewayFixture, fileOf, idOf, mp4, UNKNOWN_ID, expectRefusal } from './testing/gateway-fixture.ts';

const { cancelAll, finish, gateway, createTestVideo, update } = await openGatewayFixture();

afterAll(() => gateway[Symbol.asyncDispose]());

test('the files of a finished video can be downloaded, also in ranges, and invalid links return 404', async () => {
  await cancelAll();
  const client = gateway.client();
  const video = await createTestVideo(client);
  await finish('key-ann', video);
  const { video: done } = await client.getVideo({ name: video.name });
  expect(done).toMatchObject({ state: Video_State.DONE });
  expect(done?.media.map(({ kind }) => kind)).toEqual([MediaKind.PHOTO, MediaKind.POSTER, MediaKind.MP4]);
  const url = gateway.url + done!.media[2]!.url;
  const get = (headers: Record<string, string>, address = url, method = 'GET') => fetch(address, { method, headers });

  const whole = await get({});
  const etag = whole.headers.get('etag')!;
  expect(whole.headers.get('content-type')).toBe('video/mp4');
  expect(whole.headers.get('x-content-type-options')).toBe('nosniff');
  expect(whole.headers.get('cache-control')).toMatch(/^private, max-age=\d+, immutable$/);
  expect(Buffer.from(await whole.arrayBuffer()).equals(mp4)).toBe(true);
  for (const [range, first, last] of [
    ['bytes=0-1', 0, 1],
    ['bytes=100-', 100, 49_999],
    ['bytes=-7', 49_993, 49_999],
    ['bytes=49999-99999', 49_999, 49_999],
  ] as const) {
    const part = await get({ range });
    expect(part.status).toBe(206);
    expect(part.headers.get('content-range')).toBe(`bytes ${first}-${last}/50000`);
    expect(Buffer.from(await part.arrayBuffer()).equals(mp4.subarray(first, last + 1))).toBe(true);
  }
  expect((await get({ range: 'bytes=50000-' })).status).toBe(416);
  expect((await get({ range: 'bytes=5-3' })).status).toBe(200);
  expect((await get({ range: 'bytes=0-1', 'if-range': '"other"' })).status).toBe(200);
  expect((await get({ 'if-none-match': etag })).status).toBe(304);
  const head = await get({}, url, 'HEAD');
  expect([head.headers.get('content-length'), await head.text()]).toEqual(['50000', '']);
  expect((await get({}, `${url}&download`)).headers.get('content-disposition')).toMatch(
    /^attachment; filename="[\w.-]+\.mp4"$/,
  );
  expect((await get({}, url, 'POST')).status).toBe(405);

  const forged = new URL(url);
  const until = Number(forged.searchParams.get('until'));
  const changed = (name: string, value: string) => {
    const copy = new URL(url);
    copy.searchParams.set(name, value);
    return copy.href;
  };
  const answers = await Promise.all(
    [
      changed('signature', 'A'.repeat(43)),
      changed('signature', ''),
      changed('until', String(until + 9999)),
      changed('until', '1'),
      changed('share', 'A'.repeat(22)),
      url.replace('video.mp4', 'poster.webp'),
      url.replace(idOf(video), UNKNOWN_ID),
      `${gateway.url}/media/${UNKNOWN_ID}/video.mp4?until=${until}&signature=x`,
      `${gateway.url}/media/../../etc/passwd`,
      `${gateway.url}/s/${idOf(video)}.${'A'.repeat(22)}`,
    ].map(async (address) => {
      const response = await fetch(address);
      return `${response.status} ${await response.text()}`;
    }),
  );
  expect(new Set(answers)).toEqual(new Set(['404 not found\n']));
});

test('a large file is sent in parts, to readers that are slow, leave or ask for ranges', async () => {
  await cancelAll();
  const client = gateway.client();
  const video = await createTestVideo(client);
  const content = randomBytes(40 * 2 ** 20);
  await finish('key-ann', video, content);
  const { video: done } = await client.getVideo({ name: video.name });
  const url = gateway.url + fileOf(done, MediaKind.MP4).url;

  const left = await fetch(url);
  await left.body!.cancel();
  const slow = Array.from({ length: 3 }, async () => {
    const parts: Uint8Array[] = [];
    for await (const part of (await fetch(url)).body! as ReadableStream<Uint8Array>) {
      if (parts.push(part) % 50 === 0) await delay(5);
    }
    return Buffer.concat(parts).equals(content);
  });
  const [first, last] = [30_000_001, 33_000_000];
  const range = await fetch(url, { headers: { range: `bytes=${first}-${last}` } });
  expect(range.status).toBe(206);
  expect(Buffer.from(await range.arrayBuffer()).equals(content.subarray(first, last + 1))).toBe(true);
  expect(await Promise.all(slow)).toEqual([true, true, true]);
  // The rest of a file is removed while it is sent.
  const broken = await fetch(url);
  for (const name of await gateway.artifacts.list(Lifetime.MEDIA)) await gateway.artifacts.remove(Lifetime.MEDIA, name);
  await expect(broken.arrayBuffer()).rejects.toThrow('terminated');
  // A file whose content is gone gets a 404, and not an interrupted response.
  expect((await fetch(url)).status).toBe(404);
});

test('everyone can watch a shared video until its share ends', async () => {
  await cancelAll();
  const client = gateway.client();
  const video = await createTestVideo(client);
  expect(await expectRefusal(client.shareVideo({ name: video.name }))).toMatchObject({
    code: Code.FailedPrecondition,
    reason: 'VIDEO_NOT_READY',
  });
  await finish('key-ann', video);
  const { video: shared } = await client.shareVideo({ name: video.name, ttl: { seconds: 3600n } });
  const again = await client.shareVideo({ name: video.name });
  expect(again.video?.share?.url).toBe(shared?.share?.url);
  // No key is needed, a wrong one is ignored, and no cookie is set.
  const jar: { cookie?: string } = {};
  const everyone = gateway.client({ key: null, jar });
  const tokenOf = (of = again.video) => of!.share!.url.replace(/^\/s\//, '');
  const share = tokenOf();
  const { video: seen } = await everyone.getSharedVideo({ share });
  expect((await gateway.client({ key: 'wrong' }).getSharedVideo({ share })).video).toEqual(seen);
  expect(jar.cookie).toBeUndefined();
  const { width, height } = fileOf(again.video, MediaKind.MP4);
  expect(seen).toEqual(
    create(SharedVideoSchema, {
      media: [MediaKind.POSTER, MediaKind.MP4].map((kind) => ({
        ...fileOf(again.video, kind),
        url: expect.stringContaining(`share=${share.split('.')[1]}`) as string,
        expireTime: { ...again.video!.share!.expireTime!, nanos: 0 },
      })),
      size: { width, height },
      createTime: video.createTime!,
      expireTime: again.video!.share!.expireTime!,
    }),
  );
  const link = fileOf(seen, MediaKind.MP4).url;
  expect(Buffer.from(await (await fetch(gateway.url + link)).arrayBuffer()).equals(mp4)).toBe(true);

  await client.unshareVideo({ name: video.name });
  expect((await fetch(gateway.url + link)).status).toBe(404);
  const { video: sharedAgain } = await client.shareVideo({ name: video.name });
  expect(sharedAgain?.share?.url).not.toBe(shared?.share?.url);
  expect((await fetch(gateway.url + link)).status).toBe(404);
  const videoOfShare = (await everyone.getSharedVideo({ share: tokenOf(sharedAgain) })).video!;
  await update('key-ann', video, (record) => {
    record.share!.expireTime = timestampFromMs(Date.now() - 1);
  });
  await expect.poll(async () => (await fetch(gateway.url + fileOf(videoOfShare, MediaKind.MP4).url)).status).toBe(404);
  const [id, secret] = share.split('.');
  const answers = await Promise.all(
    [share, tokenOf(sharedAgain), `${UNKNOWN_ID}.${secret}`, `${id}.${'A'.repeat(22)}`, id!, '', 'x'].map((of) =>
      expectRefusal(everyone.getSharedVideo({ share: of })),
    ),
  );
  const errors = new Set(answers.map(({ code, reason, message }) => `${Code[code]} ${reason} ${message}`));
  expect([...errors]).toEqual(['NotFound VIDEO_NOT_FOUND There is no such video.']);
});
