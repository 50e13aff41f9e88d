import { toBinary } from '@bufbuild/protobuf';
import type { DescFile, DescService, MessageInitShape } from '@bufbuild/protobuf';
import { nestedTypes } from '@bufbuild/protobuf/reflect';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { status } from '@grpc/grpc-js';
import { ServerReflection } from '../gen/grpc/reflection/v1/reflection_pb.ts';
import type {
  ServerReflectionRequest,
  ServerReflectionResponseSchema,
} from '../gen/grpc/reflection/v1/reflection_pb.ts';
import type { ServiceHandlers } from './handlers.ts';

type Answer = NonNullable<MessageInitShape<typeof ServerReflectionResponseSchema>['messageResponse']>;

/**
 * Implements `grpc.reflection.v1` for services and all files that they import. (`@grpc/reflection` uses protobufjs, which drops
 * unknown options, such as the validation rules of the fields.)
 */
export function createReflection(services: readonly DescService[]): ServiceHandlers<typeof ServerReflection> {
  const files = new Map<string, DescFile>();
  const symbols = new Map<string, DescFile>();
  const extensions = new Map<string, Map<number, DescFile>>();
  const add = (file: DescFile) => {
    if (files.has(file.proto.name)) return;
    files.set(file.proto.name, file);
    file.dependencies.forEach(add);
    for (const type of nestedTypes(file)) {
      symbols.set(type.typeName, file);
      if (type.kind === 'service') for (const { name } of type.methods) symbols.set(`${type.typeName}.${name}`, file);
      if (type.kind !== 'extension') continue;
      const numbers = extensions.get(type.extendee.typeName) ?? new Map<number, DescFile>();
      extensions.set(type.extendee.typeName, numbers.set(type.number, file));
    }
  };
  [...services, ServerReflection].forEach(({ file }) => add(file));

  const answer = ({ messageRequest: { case: kind, value } }: ServerReflectionRequest): Answer => {
    switch (kind) {
      case 'listServices':
        return {
          case: 'listServicesResponse',
          value: { service: [...services, ServerReflection].map(({ typeName }) => ({ name: typeName })) },
        };
      case 'fileByFilename':
        return describe(files.get(value), `file ${value}`);
      case 'fileContainingSymbol':
        return describe(symbols.get(value), `symbol ${value}`);
      case 'fileContainingExtension': {
        const { containingType, extensionNumber } = value;
        const file = extensions.get(containingType)?.get(extensionNumber);
        return describe(file, `extension ${extensionNumber} of ${containingType}`);
      }
      case 'allExtensionNumbersOfType':
        return {
          case: 'allExtensionNumbersResponse',
          value: { baseTypeName: value, extensionNumber: [...(extensions.get(value)?.keys() ?? [])] },
        };
      case undefined:
        return refusal(status.INVALID_ARGUMENT, 'The request is empty.');
    }
  };

  return {
    serverReflectionInfo: async function* (requests) {
      for await (const request of requests) {
        yield { validHost: request.host, originalRequest: request, messageResponse: answer(request) };
      }
    },
  };
}

/** Returns one file. Clients request its imports by name when they need them. */
function describe(file: DescFile | undefined, what: string): Answer {
  if (file === undefined) return refusal(status.NOT_FOUND, `There is no ${what} here.`);
  const bytes = toBinary(FileDescriptorProtoSchema, file.proto);
  return { case: 'fileDescriptorResponse', value: { fileDescriptorProto: [bytes] } };
}

const refusal = (errorCode: status, errorMessage: string): Answer => ({
  case: 'errorResponse',
  value: { errorCode, errorMessage },
});
