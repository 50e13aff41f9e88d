import { Code } from '@connectrpc/connect';
import { afterAll, expect, test } from 'vitest';
import { openGatewayFixture, UNKNOWN_ID, expectRefusal } from './testing/gateway-fixture.ts';
import { KEYS, readAll } from './testing/gateway-process.ts';

const { gateway, createTestVideo } = await openGatewayFixture();

afterAll(() => gateway[Symbol.asyncDispose]());

test('every method reports a video of another owner as not found', async () => {
  const { name } = await createTestVideo();
  const bob = gateway.client({ key: KEYS.bob });
  const nobody = gateway.client({ key: null, jar: { cookie: `cinematica=${'A'.repeat(22)}.${'A'.repeat(43)}` } });
  const watch = (client: typeof bob, of: string) => readAll(client.watchVideo({ name: of }));
  for (const client of [bob, nobody]) {
    const answers = await Promise.all(
      [name, `videos/${UNKNOWN_ID}`].flatMap((of) => [
        expectRefusal(client.getVideo({ name: of })),
        expectRefusal(client.cancelVideo({ name: of })),
        expectRefusal(client.deleteVideo({ name: of })),
        expectRefusal(client.undeleteVideo({ name: of })),
        expectRefusal(client.shareVideo({ name: of })),
        expectRefusal(client.unshareVideo({ name: of })),
        expectRefusal(watch(client, of)),
        expectRefusal(client.createVideo({ source: { case: 'video', value: of } })),
        expectRefusal(client.createVideo({ source: { case: 'continueFrom', value: of } })),
      ]),
    );
    const errors = new Set(answers.map(({ code, reason, message }) => `${Code[code]} ${reason} ${message}`));
    expect([...errors]).toEqual(['NotFound VIDEO_NOT_FOUND There is no such video.']);
  }
  expect((await bob.listVideos({ pageSize: 100 })).videos.map((video) => video.name)).not.toContain(name);
});

test('a browser is identified by its cookie, and a wrong key is refused', async () => {
  const jar: { cookie?: string } = {};
  const browser = gateway.client({ key: null, jar });
  const response = await fetch(`${gateway.url}/cinematica.v1.VideoService/ListVideos`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  });
  expect(response.headers.get('set-cookie')).toMatch(
    /^cinematica=[\w-]+\.[\w-]+; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Lax$/,
  );
  const video = await createTestVideo(browser);
  const first = jar.cookie;
  expect((await browser.getVideo({ name: video.name })).video?.name).toBe(video.name);
  expect(jar.cookie).toBe(first);
  expect(await expectRefusal(gateway.client({ key: 'wrong' }).listVideos({}))).toMatchObject({
    code: Code.Unauthenticated,
    reason: 'NOT_AUTHENTICATED',
  });
});

test('pages list each video once, newest first, and deleted videos only with showDeleted', async () => {
  const jar: { cookie?: string } = {};
  const client = gateway.client({ key: null, jar });
  await client.listVideos({});
  const names: string[] = [];
  for (let i = 0; i < 5; i++) names.unshift((await createTestVideo(client)).name);
  const seen: string[] = [];
  for (let pageToken = ''; ;) {
    const page = await client.listVideos({ pageSize: 2, pageToken });
    expect(page.videos.length).toBeLessThanOrEqual(2);
    seen.push(...page.videos.map(({ name }) => name));
    pageToken = page.nextPageToken;
    if (pageToken === '') break;
  }
  expect(seen).toEqual(names);
  await client.deleteVideo({ name: names[1]! });
  expect((await client.listVideos({})).videos.map(({ name }) => name)).toEqual(names.toSpliced(1, 1));
  expect((await client.listVideos({ showDeleted: true })).videos.map(({ name }) => name)).toEqual(names);
});
