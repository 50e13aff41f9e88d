import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { changed, VideoState } from '@cinematica/pipeline';
import { Code, ConnectError, createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { PushService } from '@cinematica/protocol/v1';
import type { Video } from '@cinematica/protocol/v1';
import { createECDH } from 'node:crypto';
import { afterAll, expect, test } from 'vitest';
import { startPushService } from '../../../test/support/push-service.ts';
import { chart } from './photo/test-photos.ts';
import { KEYS, startTestGateway } from './testing/gateway-process.ts';

const pushService = await startPushService();
const vapid = createECDH('prime256v1');
const publicKey = new Uint8Array(vapid.generateKeys());
const gateway = await startTestGateway({
  VAPID_PRIVATE_KEY: vapid.getPrivateKey('base64url'),
  PUSH_HOSTS: pushService.origin,
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await pushService[Symbol.asyncDispose]();
});

const client = gateway.client();
const clientOf = (key: string) =>
  createClient(
    PushService,
    createConnectTransport({
      baseUrl: gateway.url,
      httpVersion: '1.1',
      interceptors: [
        (next) => (request) => {
          request.header.set('authorization', `Bearer ${key}`);
          return next(request);
        },
      ],
    }),
  );
const push = clientOf(KEYS.ann);
const photo = new Uint8Array(await chart(96, 64).jpeg().toBuffer());

async function createVideo(): Promise<Video> {
  const { video } = await client.createVideo({ source: { case: 'image', value: photo } });
  return video!;
}

const end = ({ name }: Video, state: VideoState) =>
  gateway.records.update({ owner: 'key-ann', videoId: name.replace('videos/', '') }, (record) => {
    record.state = state;
    record.endTime = timestampFromMs(Date.now());
    return changed();
  });

const contentOf = (text: string | undefined): unknown => JSON.parse(text ?? '{}');

test('the public key of the system is among its capabilities', async () => {
  const { capabilities } = await client.getCapabilities({});
  expect(capabilities?.pushPublicKey).toEqual(publicKey);
});

test('a device receives an encrypted notification when its video is done, once', async () => {
  const device = pushService.subscribe(publicKey);
  const video = await createVideo();
  const request = { name: video.name, subscription: device, language: 'es' };
  await push.requestNotification(request);
  await push.requestNotification(request);
  expect(device.received).toEqual([]);
  await end(video, VideoState.DONE);
  await expect.poll(() => device.received).toHaveLength(1);
  const id = video.name.replace('videos/', '');
  expect(contentOf(device.received[0])).toEqual({ kind: 'done', video: id, language: 'es' });
});

test('a video that has ended already is reported at once, and a failed one as failed', async () => {
  const device = pushService.subscribe(publicKey);
  const video = await createVideo();
  await end(video, VideoState.FAILED);
  await push.requestNotification({ name: video.name, subscription: device, language: 'en' });
  await expect.poll(() => contentOf(device.received[0])).toMatchObject({ kind: 'failed' });
});

test('a withdrawn request is not answered, and a device that is gone is forgotten with all its requests', async () => {
  const [withdrawn, gone] = [pushService.subscribe(publicKey), pushService.subscribe(publicKey)];
  const [first, second] = [await createVideo(), await createVideo()];
  await push.requestNotification({ name: first.name, subscription: withdrawn });
  await push.withdrawNotification({ name: first.name, endpoint: withdrawn.endpoint });
  gone.status = 410;
  await push.requestNotification({ name: first.name, subscription: gone });
  await push.requestNotification({ name: second.name, subscription: gone });
  await end(first, VideoState.DONE);
  await expect
    .poll(async () => /notifications_total\{outcome="gone".*\} (\d+)/.exec(await gateway.metrics())?.[1])
    .toBe('1');
  gone.status = 201;
  await end(second, VideoState.DONE);
  const witness = pushService.subscribe(publicKey);
  await push.requestNotification({ name: second.name, subscription: witness });
  await expect.poll(() => witness.received).toHaveLength(1);
  expect([withdrawn.received, gone.received]).toEqual([[], []]);
});

test('a subscription of an unknown push service and a video of another caller are refused', async () => {
  const device = pushService.subscribe(publicKey);
  const video = await createVideo();
  for (const endpoint of [
    'https://169.254.169.254/',
    'http://127.0.0.1:1/push',
    'https://fcm.googleapis.com.example/x',
  ]) {
    const call = push.requestNotification({ name: video.name, subscription: { ...device, endpoint } });
    await expect(call, endpoint).rejects.toSatisfy(
      (error) => ConnectError.from(error).code === Code.FailedPrecondition,
    );
  }
  const foreign = clientOf(KEYS.bob).requestNotification({ name: video.name, subscription: device });
  await expect(foreign).rejects.toSatisfy((error) => ConnectError.from(error).code === Code.NotFound);
});
