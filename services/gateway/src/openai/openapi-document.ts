import { z } from 'zod';
import { VERSION } from '@cinematica/pipeline';
import { without } from './fields.ts';
import { OPERATIONS } from './operations.ts';
import type { Operation } from './operations.ts';
import {
  adjustment,
  deletedVideo,
  errorAnswer,
  model,
  modelList,
  video,
  videoError,
  videoList,
} from './schema/answers.ts';
import { createRequest, extendRequest, remixRequest } from './schema/create-request.ts';

const REQUESTS = {
  CreateVideoRequest: createRequest,
  RemixVideoRequest: remixRequest,
  ExtendVideoRequest: extendRequest,
};
const ANSWERS = {
  Video: video,
  VideoError: videoError,
  Adjustment: adjustment,
  VideoList: videoList,
  DeletedVideo: deletedVideo,
  Model: model,
  ModelList: modelList,
  Error: errorAnswer,
};

const refTo = (name: string) => ({ $ref: `#/components/schemas/${name}` });

/**
 * Creates the OpenAPI document of this API. Its schemas are those that requests are checked with and answers are typed by.
 */
export function openApiDocument(): object {
  return {
    openapi: '3.1.1',
    info: {
      title: 'Cinemática',
      version: VERSION,
      summary: 'Makes short videos from still photos, in the form of OpenAI’s Videos API.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    // Without a key, a caller is known by a cookie.
    security: [{ apiKey: [] }, {}],
    paths: pathsOf(Object.values(OPERATIONS)),
    components: {
      securitySchemes: { apiKey: { type: 'http', scheme: 'bearer' } },
      schemas: { ...schemasOf(REQUESTS, 'input'), ...schemasOf(ANSWERS, 'output') },
      responses: {
        Error: {
          description: 'The request was refused, or failed.',
          headers: { 'x-request-id': { schema: { type: 'string' } } },
          content: { 'application/json': { schema: refTo('Error') } },
        },
      },
    },
  };
}

/** The schemas in OpenAPI's form, in which schemas that others contain are references. */
function schemasOf(schemas: Readonly<Record<string, z.ZodType>>, io: 'input' | 'output'): Record<string, object> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(schemas)) registry.add(schema, { id });
  const all = z.toJSONSchema(registry, { uri: (id) => `#/components/schemas/${id}`, io });
  return Object.fromEntries(
    Object.entries(all.schemas).map(([name, schema]) => [name, without(schema, '$id', '$schema')]),
  );
}

function pathsOf(operations: readonly Operation[]): Record<string, Record<string, object>> {
  const paths: Record<string, Record<string, object>> = {};
  for (const operation of operations) {
    const path = (paths[operation.path] ??= {});
    path[operation.method.toLowerCase()] = describe(operation);
  }
  return paths;
}

function describe({ id, summary, path, query, body, answer }: Operation): object {
  const parameters = [
    ...[...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
      name,
      in: 'path',
      required: true,
      schema: { type: 'string' },
    })),
    ...(body ? [IDEMPOTENCY_KEY] : []),
    ...(query ? queryParameters(query) : []),
  ];
  return {
    operationId: id,
    summary,
    ...(parameters.length > 0 && { parameters }),
    ...(body && { requestBody: requestBodyOf(body) }),
    responses: {
      200: { description: 'The request succeeded.', content: contentOf(answer) },
      ...(answer === 'file' && { 206: { description: 'A range of the file.', content: contentOf(answer) } }),
      default: { $ref: '#/components/responses/Error' },
    },
  };
}

const IDEMPOTENCY_KEY = {
  name: 'idempotency-key',
  in: 'header',
  description: 'Makes retries safe: a second request with the same key returns the video of the first one.',
  schema: { type: 'string', maxLength: 255 },
};

function queryParameters(query: z.ZodObject): object[] {
  const { properties = {} } = z.toJSONSchema(query, { io: 'input' });
  return Object.entries(properties).map(([name, schema]) => {
    const { description, ...rest } = typeof schema === 'object' ? schema : {};
    return { name, in: 'query', description, schema: rest };
  });
}

function requestBodyOf(body: z.ZodObject): object {
  const [name = ''] = Object.entries(REQUESTS).find(([, schema]) => schema === body) ?? [];
  const schema = refTo(name);
  if (body !== createRequest) {
    return { required: false, content: { 'application/json': { schema }, 'multipart/form-data': { schema } } };
  }
  const file = { type: 'string', contentMediaType: 'application/octet-stream', description: 'The photo.' };
  const form = { type: 'object', properties: { input_reference: file }, description: 'Fields like those of the JSON.' };
  return { required: true, content: { 'application/json': { schema }, 'multipart/form-data': { schema: form } } };
}

function contentOf(answer: Operation['answer']): object {
  if (answer !== 'file') return { 'application/json': { schema: refTo(answer) } };
  const types = ['video/mp4', 'image/webp', 'video/webm'];
  return Object.fromEntries(types.map((type) => [type, {}]));
}
