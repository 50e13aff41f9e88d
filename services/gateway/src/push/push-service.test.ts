import { VideoRecordSchema } from '@cinematica/pipeline';
import type { NotificationRequest } from '@cinematica/pipeline';
import { create } from '@bufbuild/protobuf';
import { Code } from '@cinematica/protocol';
import { PushService, RequestNotificationRequestSchema } from '@cinematica/protocol/v1';
import { createContextValues, createHandlerContext } from '@connectrpc/connect';
import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { callerKey } from '../rpc/context.ts';
import { createPushService } from './push-service.ts';

const videoId = randomUUID();

function setUp() {
  const stored = new Map<string, NotificationRequest>();
  const service = createPushService({
    records: { get: (ref) => Promise.resolve({ record: create(VideoRecordSchema, ref), revision: 1 }) },
    requests: {
      put: (request) => Promise.resolve(void stored.set(request.endpoint, request)),
      list: () => Promise.resolve([...stored.values()]),
      remove: (_, endpoint) => Promise.resolve(void stored.delete(endpoint)),
      removeDevice: () => Promise.resolve(),
    },
    transport: { allows: () => true },
    onRequest: () => undefined,
  });
  const context = createHandlerContext({
    service: PushService,
    method: PushService.method.requestNotification,
    protocolName: 'test',
    requestMethod: 'POST',
    url: 'http://gateway',
    contextValues: createContextValues().set(callerKey, { owner: 'key-ann', address: null, setCookie: null }),
  });
  const request = async (device: number) => {
    const subscription = { endpoint: `https://push.example/${device}`, p256dh: new Uint8Array(65) };
    const message = create(RequestNotificationRequestSchema, { name: `videos/${videoId}`, subscription });
    await service.requestNotification(message, context);
  };
  return { stored, request };
}

test('a video has at most 16 waiting devices, each of which may ask again', async () => {
  const { stored, request } = setUp();
  for (let device = 1; device <= 16; device++) await request(device);
  await request(16);
  await expect(request(17)).rejects.toMatchObject({ code: Code.RESOURCE_EXHAUSTED });
  stored.delete('https://push.example/1');
  await request(17);
  expect(stored.size).toBe(16);
});
