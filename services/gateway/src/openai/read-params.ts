import { z } from 'zod';
import { JSON_LIMITS } from '../http/body-classes.ts';
import { createJsonLimiter, JsonLimitError } from '../http/json-limits.ts';
import { ApiError, invalidField } from './api-error.ts';
import { parseJsonValue } from './body/parse-json.ts';
import { UploadedFile } from './body/uploaded-file.ts';

/** Fields that hold more fields of the request. In a form they are JSON. */
const EXTRA_FIELDS = ['extra_body', 'extra_params'];

/**
 * Checks the fields of a request, or its query, against a schema.
 * @throws ApiError that names the first field that is wrong or unknown.
 */
export function readParams<S extends z.ZodType>(schema: S, fields: Record<string, unknown>): z.output<S> {
  const result = schema.safeParse(fields);
  if (result.success) return result.data;
  const { issues } = result.error;
  const unknown = issues.find(({ code }) => code === 'unrecognized_keys');
  if (unknown?.code === 'unrecognized_keys') {
    const name = pathOf([...unknown.path, unknown.keys[0] ?? '']);
    throw new ApiError(400, 'unknown_parameter', `${name}: there is no such field.`, name);
  }
  const [issue] = issues;
  const name = pathOf(issue?.path ?? []);
  throw invalidField(name || 'body', `${lowerFirst(issue?.message ?? 'is not valid')}.`);
}

/**
 * Reads the query of a request.
 * @param schema null for a request without a query.
 * @throws ApiError for a parameter that is wrong, unknown or given twice.
 */
export function readQuery<S extends z.ZodObject>(schema: S, query: URLSearchParams): z.output<S>;
export function readQuery(schema: null, query: URLSearchParams): void;
export function readQuery(schema: z.ZodObject | null, query: URLSearchParams): unknown {
  const names = [...query.keys()];
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw invalidField(twice, 'is given twice.');
  return readParams(schema ?? NO_QUERY, Object.fromEntries(query));
}

const NO_QUERY = z.strictObject({});

/**
 * Puts the fields in `extra_body` and `extra_params` beside the others, and drops those that are null, which clients send
 * for fields without a value.
 * @throws ApiError when a field is given in two places, or an extra field is no object; JsonLimitError.
 */
export function mergeExtras(fields: Record<string, unknown>): Record<string, unknown> {
  const merged = new Map(Object.entries(fields).filter(([name]) => !EXTRA_FIELDS.includes(name)));
  for (const extra of EXTRA_FIELDS) {
    for (const [name, value] of Object.entries(objectOf(extra, fields[extra]))) {
      if (merged.has(name)) throw invalidField(name, `is given twice: also in ${extra}.`);
      merged.set(name, value);
    }
  }
  return Object.fromEntries([...merged].filter(([, value]) => value !== null && value !== undefined));
}

function objectOf(name: string, value: unknown): object {
  if (value === undefined || value === null) return {};
  const parsed = typeof value === 'string' ? parse(name, value) : value;
  if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) && !(parsed instanceof UploadedFile)) {
    return parsed;
  }
  throw invalidField(name, 'must be an object.');
}

function parse(name: string, text: string): unknown {
  try {
    // The limits of JSON apply to the body of a form here, because a form itself has no structure to check.
    createJsonLimiter(JSON_LIMITS)(Buffer.from(text));
    return parseJsonValue(text);
  } catch (error) {
    if (error instanceof JsonLimitError) throw error;
    throw invalidField(name, 'must be a JSON object.');
  }
}

const pathOf = (path: readonly PropertyKey[]): string =>
  path
    .map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index === 0 ? '' : '.'}${String(part)}`))
    .join('');

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1).replace(/\.$/, '');
