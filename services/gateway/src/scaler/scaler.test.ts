import { create, toBinary } from '@bufbuild/protobuf';
import {
  changed,
  connectNats,
  findTask,
  PipelineStage,
  StageReportSchema,
  TaskState,
  VideoState,
} from '@cinematica/pipeline';
import type { VideoRecord } from '@cinematica/pipeline';
import { Code, createClient, ExternalScaler, openChannel } from '@cinematica/protocol';
import type { Channel, RpcClient } from '@cinematica/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chart } from '../photo/test-photos.ts';
import { startTestGateway } from '../testing/gateway-process.ts';
import type { TestGateway } from '../testing/gateway-process.ts';

let gateway: TestGateway;
let channel: Channel;
let scaler: RpcClient<typeof ExternalScaler>;

beforeAll(async () => {
  gateway = await startTestGateway({ SCALER_PORT: '0', ADMIT_RUNNING: '1' });
  // KEDA sends no token.
  channel = openChannel(`127.0.0.1:${gateway.scalerPort}`);
  scaler = createClient(ExternalScaler, channel);
});
afterAll(async () => {
  channel.close();
  await gateway[Symbol.asyncDispose]();
});

const ref = (stage: string, more: Record<string, string> = {}) => ({
  name: stage,
  namespace: 'cinematica',
  scalerMetadata: { scalerAddress: 'gateway:9090', stage, ...more },
});
const demand = async (stage: string, more: Record<string, string> = {}) => {
  const { metricValues } = await scaler.getMetrics({ scaledObjectRef: ref(stage, more), metricName: 'any' });
  expect(metricValues).toHaveLength(1);
  expect(Number(metricValues[0]!.metricValue)).toBe(metricValues[0]!.metricValueFloat);
  return metricValues[0]!.metricValueFloat;
};

test('waiting videos activate a stage, and it is inactive again when they have ended', async () => {
  const changes = scaler.streamIsActive(ref('denoise'))[Symbol.asyncIterator]();
  expect((await changes.next()).value).toMatchObject({ result: false });
  expect(await scaler.isActive(ref('denoise'))).toMatchObject({ result: false });
  expect(await demand('denoise')).toBe(0);

  const image = new Uint8Array(await chart(96, 64).jpeg().toBuffer());
  const client = gateway.client();
  const names: string[] = [];
  for (let i = 0; i < 2; i++) {
    // Each video has three segments, which are denoised one after the other.
    const { video } = await client.createVideo({ source: { case: 'image', value: image }, settings: { frames: 12 } });
    names.push(video!.name);
  }
  expect((await changes.next()).value).toMatchObject({ result: true });
  for (const stage of ['encode', 'denoise', 'decode', 'mux']) {
    expect({ stage, demand: await demand(stage) }).toEqual({ stage, demand: 2 });
  }
  const { settings } = (await client.getVideo({ name: names[0]! })).video!;
  expect(await demand('denoise', { model: settings!.model })).toBe(2);
  expect(await demand('denoise', { model: 'another' })).toBe(0);
  expect(await demand('denoise', { model: settings!.model, modelDigest: '000000000000' })).toBe(0);

  const change = (name: string, apply: (record: VideoRecord) => void) =>
    gateway.records.update({ owner: 'key-ann', videoId: name.replace('videos/', '') }, (record) => {
      apply(record);
      return changed();
    });
  await change(names[0]!, (record) => {
    record.state = VideoState.RUNNING;
    findTask(record, { stage: PipelineStage.ENCODE, segment: 0 })!.state = TaskState.DONE;
    for (const segment of [0, 1]) findTask(record, { stage: PipelineStage.DENOISE, segment })!.state = TaskState.DONE;
  });
  // Two segments of the first video can be decoded at the same time.
  await expect.poll(() => demand('decode')).toBe(3);
  expect(await demand('encode')).toBe(1);
  expect(await demand('denoise')).toBe(2);
  for (const name of names) await client.cancelVideo({ name });
  expect((await changes.next()).value).toMatchObject({ result: false });
  expect(await demand('mux')).toBe(0);
  await changes.return?.();
});

test('calls of other services count while they run or wait', async () => {
  const nats = await connectNats('test', { NATS_URL: gateway.nats.url });
  const changes = scaler.streamIsActive(ref('denoise'))[Symbol.asyncIterator]();
  expect((await changes.next()).value).toMatchObject({ result: false });
  const report = (openCalls: number) => {
    const own = { stage: PipelineStage.DENOISE, model: 'tiny-xt', modelDigest: 'x', processId: 'a', openCalls };
    nats.publish('canary.denoiser', toBinary(StageReportSchema, create(StageReportSchema, own)));
  };
  report(3);
  expect((await changes.next()).value).toMatchObject({ result: true });
  expect(await demand('denoise')).toBe(3);
  expect(await demand('encode')).toBe(0);
  report(0);
  expect((await changes.next()).value).toMatchObject({ result: false });
  await changes.return?.();
  await nats.close();
});

test('the metric target is tasksPerReplica, and errors name the wrong key of the metadata', async () => {
  const { metricSpecs } = await scaler.getMetricSpec(ref('decode', { tasksPerReplica: '2.5' }));
  expect(metricSpecs).toMatchObject([{ metricName: 'cinematica-decode-demand', targetSizeFloat: 2.5, targetSize: 3n }]);
  expect((await scaler.getMetricSpec(ref('mux'))).metricSpecs).toMatchObject([{ targetSizeFloat: 1, targetSize: 1n }]);
  for (const [wrong, message] of [
    [ref('paint'), /^metadata\.stage: must be one of encode, denoise, decode, mux, not “paint”/],
    [ref('mux', { tasksPerReplica: '0' }), /^metadata\.tasksPerReplica: must be a number over 0/],
  ] as const) {
    await expect(scaler.isActive(wrong)).rejects.toMatchObject({
      code: Code.INVALID_ARGUMENT,
      message: expect.stringMatching(message) as string,
    });
  }
});
