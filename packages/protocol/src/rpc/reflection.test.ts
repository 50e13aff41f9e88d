import { create, createFileRegistry, fromBinary } from '@bufbuild/protobuf';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import type { FileDescriptorProto } from '@bufbuild/protobuf/wkt';
import { status } from '@grpc/grpc-js';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ServerReflection } from '../gen/grpc/reflection/v1/reflection_pb.ts';
import type { ServerReflectionRequestSchema } from '../gen/grpc/reflection/v1/reflection_pb.ts';
import { EncoderService, MuxerService } from '../stages.ts';
import { openChannel } from './channel.ts';
import type { Channel } from './channel.ts';
import { createClient } from './client.ts';
import { createRpcServer } from './server.ts';

const server = createRpcServer({ tokens: ['a-token'], onFault: () => undefined });
let channel: Channel;

beforeAll(async () => {
  server.add(EncoderService, { encode: () => ({}) });
  server.add(MuxerService, { mux: () => Readable.from([]) });
  channel = openChannel(`127.0.0.1:${await server.listen('127.0.0.1:0')}`, { token: 'a-token' });
});
afterAll(async () => {
  channel.close();
  await server.close(0);
});

type Question = NonNullable<MessageInitShape<typeof ServerReflectionRequestSchema>['messageRequest']>;

async function ask(messageRequest: Question) {
  const answers = createClient(ServerReflection, channel).serverReflectionInfo([{ messageRequest }]);
  for await (const { messageResponse } of answers) return messageResponse;
  throw new Error('no answer');
}

async function files(messageRequest: Question): Promise<FileDescriptorProto[]> {
  const answer = await ask(messageRequest);
  if (answer.case !== 'fileDescriptorResponse') throw new Error(`the answer is ${String(answer.case)}`);
  return answer.value.fileDescriptorProto.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes));
}

test('lists the services', async () => {
  const names = [EncoderService.typeName, MuxerService.typeName, ServerReflection.typeName];
  expect(await ask({ case: 'listServices', value: '*' })).toMatchObject({
    value: { service: names.map((name) => ({ name })) },
  });
});

test('describes a service completely, including the validation rules of its fields', async () => {
  const known = new Map<string, FileDescriptorProto>();
  const inOrder: FileDescriptorProto[] = [];
  const add = async (file: FileDescriptorProto) => {
    if (known.has(file.name)) return;
    known.set(file.name, file);
    for (const name of file.dependency) {
      for (const imported of await files({ case: 'fileByFilename', value: name })) await add(imported);
    }
    inOrder.push(file);
  };
  for (const file of await files({ case: 'fileContainingSymbol', value: EncoderService.typeName })) await add(file);

  const registry = createFileRegistry(create(FileDescriptorSetSchema, { file: inOrder }));
  expect(registry.getService(EncoderService.typeName)?.methods.map(({ name }) => name)).toEqual(['Encode']);
  const rules = registry.getMessage('cinematica.stages.v1.EncodeRequest')?.field.width?.proto.options?.$unknown;
  expect(rules).toHaveLength(1);
  const ours = EncoderService.method.encode.input.field.width.proto.options?.$unknown;
  expect(rules?.map(({ no, data }) => [no, [...data]])).toEqual(ours?.map(({ no, data }) => [no, [...data]]));
});

test('finds methods and extensions, and returns NOT_FOUND for unknown symbols', async () => {
  const method = await files({ case: 'fileContainingSymbol', value: `${MuxerService.typeName}.Mux` });
  expect(method.map(({ name }) => name)).toEqual(['cinematica/stages/v1/muxer_service.proto']);
  const extension = { containingType: 'google.protobuf.FieldOptions', extensionNumber: 1159 };
  const rules = await files({ case: 'fileContainingExtension', value: extension });
  expect(rules.map(({ name }) => name)).toEqual(['buf/validate/validate.proto']);
  const numbers = await ask({ case: 'allExtensionNumbersOfType', value: extension.containingType });
  expect(numbers).toMatchObject({ value: { extensionNumber: expect.arrayContaining([1159]) as number[] } });
  const unknown = await ask({ case: 'fileContainingSymbol', value: 'test.Unknown' });
  expect(unknown).toMatchObject({ value: { errorCode: status.NOT_FOUND } });
});
