import { Client, credentials, status } from '@grpc/grpc-js';
import { service } from 'grpc-health-check';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { EncoderService } from '../stages.ts';
import { createRpcServer } from './server.ts';

const server = createRpcServer({ tokens: ['a-token'], onFault: () => undefined });
let address = '';

beforeAll(async () => {
  server.add(EncoderService, { encode: () => ({}) });
  address = `127.0.0.1:${await server.listen('127.0.0.1:0')}`;
});
afterAll(() => server.close(0));

test('health checks need no token, and return the status of setServing', async () => {
  const client = new Client(address, credentials.createInsecure());
  const check = (name: string) =>
    new Promise((resolve, reject) => {
      const { path, requestSerialize, responseDeserialize } = service.Check!;
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, { service: name }, (error, answer) => {
        if (error) reject(error);
        else resolve((answer as { status: string }).status);
      });
    });
  const { path, requestSerialize, responseDeserialize } = service.Watch!;
  const name = { service: EncoderService.typeName };
  const watch = client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, name);
  watch.on('error', () => undefined);

  expect(await once(watch, 'data')).toMatchObject([{ status: 'NOT_SERVING' }]);
  expect(await check('')).toBe('NOT_SERVING');
  server.setServing(true);
  expect(await once(watch, 'data')).toMatchObject([{ status: 'SERVING' }]);
  expect(await check('')).toBe('SERVING');
  expect(await check(EncoderService.typeName)).toBe('SERVING');
  await expect(check('test.Unknown')).rejects.toMatchObject({ code: status.NOT_FOUND });
  server.setServing(false);
  expect(await once(watch, 'data')).toMatchObject([{ status: 'NOT_SERVING' }]);
  expect(await check('')).toBe('NOT_SERVING');
  watch.cancel();
  client.close();
});
