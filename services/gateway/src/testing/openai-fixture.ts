/** Clients of the OpenAI API of the gateway of a test file, whose answers are checked against the served document. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import OpenAI from 'openai';
import { expect } from 'vitest';
import { KEYS } from './gateway-process.ts';
import type { TestGateway } from './gateway-process.ts';

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly operationId: string }>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

function schemaOf(body: unknown): string {
  const { object = '', data } = body as {
    readonly object?: string;
    readonly data?: readonly { readonly object: string }[];
  };
  switch (object) {
    case 'video':
      return 'Video';
    case 'video.deleted':
      return 'DeletedVideo';
    case 'model':
      return 'Model';
    case 'list':
      return data?.[0]?.object === 'model' ? 'ModelList' : 'VideoList';
    default:
      throw new Error(`an answer has the unknown object ${object}`);
  }
}

/** The error of an answer, and what else tells a client what to do. */
export interface OpenAiRefusal {
  readonly status: number;
  readonly code: string;
  readonly param: string | null;
  readonly message: string;
  readonly headers: Headers;
}

/** The OpenAI API of a gateway. */
export async function openOpenAiFixture(gateway: TestGateway) {
  /** The document that the gateway serves. */
  const openApi = (await (await fetch(`${gateway.url}/openapi.json`)).json()) as Document;

  const ajv = new Ajv2020({ strict: false, allErrors: true });
  ajv.addSchema({ ...openApi, $id: 'openapi' });

  /** Expects JSON to have a schema of the document. */
  function expectSchema(name: string, value: unknown): void {
    const valid = ajv.validate({ $ref: `openapi#/components/schemas/${name}` }, value);
    expect(valid, `${name}: ${ajv.errorsText()}\n${JSON.stringify(value)}`).toBe(true);
  }

  /** A fetch that checks each JSON answer: errors by the schema of errors, and others by their `object`. */
  const checkedFetch: typeof fetch = async (input, init) => {
    const response = await fetch(input, init);
    expect(response.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    if (response.headers.get('content-type') !== 'application/json') return response;
    const body: unknown = await response.clone().json();
    expectSchema(response.ok ? schemaOf(body) : 'Error', body);
    return response;
  };

  /** The published client. @param apiKey by default the key of Ann */
  const openAiClient = (apiKey: string = KEYS.ann): OpenAI =>
    new OpenAI({ apiKey, baseURL: `${gateway.url}/v1`, fetch: checkedFetch, maxRetries: 0 });

  /** Sends a request with Ann's key, and expects a refusal. */
  async function expectOpenAiRefusal(path: string, init: RequestInit = {}): Promise<OpenAiRefusal> {
    const { headers: given, ...rest } = init;
    const headers = new Headers(given);
    if (!headers.has('authorization')) headers.set('authorization', `Bearer ${KEYS.ann}`);
    const response = await checkedFetch(`${gateway.url}${path}`, { ...rest, headers });
    expect(response.ok, `${path} was not refused`).toBe(false);
    const { error } = (await response.json()) as { readonly error: Omit<OpenAiRefusal, 'status' | 'headers'> };
    return { status: response.status, headers: response.headers, ...error };
  }

  return { openApi, expectSchema, checkedFetch, openAiClient, expectOpenAiRefusal };
}

/** A request with a JSON body. */
export const json = (body: unknown): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});

/** A request with a form. */
export function form(fields: Readonly<Record<string, string | Blob>>): RequestInit {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) body.append(name, value);
  return { method: 'POST', body };
}
